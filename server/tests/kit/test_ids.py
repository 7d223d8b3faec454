from moothall.kit.ids import new_meeting_code, new_secret, new_session_id, new_uuid


def test_meeting_codes_are_twelve_digits_a_phone_can_dial() -> None:
    codes = {new_meeting_code() for _ in range(1000)}

    assert len(codes) == 1000
    assert all(len(code) == 12 and code.isdigit() and code[0] != "0" for code in codes)


def test_session_ids_look_like_the_original_and_stay_short() -> None:
    session_id = new_session_id()

    assert session_id.startswith("2_MX4")
    assert len(session_id) < 128


def test_ids_and_secrets_do_not_repeat() -> None:
    assert len({new_uuid() for _ in range(1000)}) == 1000
    assert len({new_secret() for _ in range(1000)}) == 1000
