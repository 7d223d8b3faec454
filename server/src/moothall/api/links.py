"""OpenAPI 3.1 link objects: values of one answer become the parameters of the next call."""

import re
from typing import Any

# For each operation, the path parameters found in its answer, and their place there.
_FOUND_IN = {
    "create_room": {"room_id": "#/id"},
    "list_rooms": {"room_id": "#/_embedded/0/id"},
    "create_theme": {"theme_id": "#/theme_id"},
    "list_themes": {"theme_id": "#/0/theme_id"},
    "list_sessions": {"session_id": "#/_embedded/0/id"},
    "list_session_recordings": {"recording_id": "#/_embedded/recordings/0/id"},
    "list_deliveries": {"delivery_id": "#/_embedded/0/id"},
    "create_application": {"application_id": "#/id"},
}
_PARAMETER = re.compile(r"\{(\w+)\}")


def add_links(paths: dict[str, Any]) -> None:
    """Add links to each of these operations.

    A link leads to every operation that the answer has all path parameters for. ``paths`` as in the
    document.
    """
    operations = {
        operation["operationId"]: (path, operation) for path, item in paths.items() for operation in item.values()
    }
    for producer, found in _FOUND_IN.items():
        path, operation = operations[producer]
        known = {name: f"$response.body{pointer}" for name, pointer in found.items()}
        known |= {name: f"$request.path.{name}" for name in _PARAMETER.findall(path)}
        links = {}
        for consumer, (target, _) in operations.items():
            needed = set(_PARAMETER.findall(target))
            if needed & set(found) and needed <= set(known):
                links[consumer] = {
                    "operationId": consumer,
                    "parameters": {f"path.{name}": known[name] for name in sorted(needed)},
                }
        success = min(status for status in operation["responses"] if status.startswith("2"))
        operation["responses"][success]["links"] = links
