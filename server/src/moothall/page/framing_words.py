"""The words of the pages that stand in a frame for the meeting, in the languages of the page.

The language is the browser's: the room's own would tell whether its code exists.
"""

from dataclasses import dataclass

_MAX_TAGS = 20
_RIGHT_TO_LEFT = frozenset({"ar", "he"})
_TRADITIONAL = frozenset({"tw", "hk", "mo", "hant"})


@dataclass(frozen=True, slots=True)
class Words:
    """``language``: a code of the API. ``slow_down`` has the placeholder ``{seconds}``."""

    language: str
    title: str
    text: str
    own_tab: str
    wait: str
    slow_down: str

    @property
    def direction(self) -> str:
        return "rtl" if self.language in _RIGHT_TO_LEFT else "ltr"


_ENGLISH = Words(
    "en",
    "This meeting cannot be shown here",
    "The page around it may not show this meeting, or the link is not right.",
    "Open the meeting in its own tab",
    "Please wait a moment",
    "Too many requests came from your network. Please try again in {seconds} seconds.",
)
WORDS = {
    words.language: words
    for words in (
        _ENGLISH,
        Words(
            "ar",
            "لا يمكن عرض هذا الاجتماع هنا",
            "ليس للصفحة المحيطة إذن بعرض هذا الاجتماع، أو أن الرابط غير صحيح.",
            "فتح الاجتماع في علامة تبويب مستقلة",
            "يرجى الانتظار لحظة",
            "وردت طلبات كثيرة جدًا من شبكتك. يرجى المحاولة مرة أخرى بعد {seconds} ثانية.",
        ),
        Words(
            "ca",
            "Aquesta reunió no es pot mostrar aquí",
            "La pàgina que l’envolta no té permís per mostrar-la, o l’enllaç no és correcte.",
            "Obre la reunió en una pestanya pròpia",
            "Espereu un moment",
            "Han arribat massa sol·licituds des de la vostra xarxa. Torneu-ho a provar d’aquí a {seconds} segons.",
        ),
        Words(
            "de",
            "Dieses Meeting kann hier nicht angezeigt werden",
            "Die Seite, die es einbindet, darf dieses Meeting nicht zeigen, oder der Link stimmt nicht.",
            "Meeting in einem eigenen Tab öffnen",
            "Bitte warten Sie einen Moment",
            "Aus Ihrem Netzwerk kamen zu viele Anfragen. Bitte versuchen Sie es in {seconds} Sekunden noch einmal.",
        ),
        Words(
            "es",
            "Esta reunión no se puede mostrar aquí",
            "La página que la contiene no tiene permiso para mostrarla, o el enlace no es correcto.",
            "Abrir la reunión en una pestaña propia",
            "Espere un momento",
            "Han llegado demasiadas solicitudes desde su red. Inténtelo de nuevo dentro de {seconds} segundos.",
        ),
        Words(
            "fr",
            "Cette réunion ne peut pas s’afficher ici",
            "La page qui l’intègre n’est pas autorisée à l’afficher, ou le lien n’est pas correct.",
            "Ouvrir la réunion dans son propre onglet",
            "Veuillez patienter un instant",
            "Trop de requêtes proviennent de votre réseau. Veuillez réessayer dans {seconds} secondes.",
        ),
        Words(
            "he",
            "אי אפשר להציג את הפגישה הזאת כאן",
            "לדף שמסביב אין הרשאה להציג את הפגישה, או שהקישור אינו נכון.",
            "פתיחת הפגישה בכרטיסייה נפרדת",
            "נא להמתין רגע",
            "הגיעו יותר מדי בקשות מהרשת שלך. נא לנסות שוב בעוד {seconds} שניות.",
        ),
        Words(
            "it",
            "Questa riunione non può essere mostrata qui",
            "La pagina che la contiene non può mostrarla, oppure il link non è corretto.",
            "Apri la riunione in una scheda separata",
            "Attendi un momento",
            "Dalla tua rete sono arrivate troppe richieste. Riprova tra {seconds} secondi.",
        ),
        Words(
            "pt-br",
            "Esta reunião não pode ser exibida aqui",
            "A página ao redor não tem permissão para exibir esta reunião, ou o link não está certo.",
            "Abrir a reunião em outra guia",
            "Aguarde um momento",
            "Sua rede enviou solicitações demais. Tente novamente em {seconds} segundos.",
        ),
        Words(
            "zh-cn",
            "无法在此处显示该会议",
            "外层页面无权显示该会议，或者链接不正确。",
            "在单独的标签页中打开会议",
            "请稍候",
            "您的网络发出的请求过多。请在 {seconds} 秒后重试。",
        ),
        Words(
            "zh-tw",
            "無法在此處顯示這場會議",
            "外層頁面無權顯示這場會議，或連結不正確。",
            "在單獨的分頁中開啟會議",
            "請稍候",
            "您的網路送出的要求過多。請在 {seconds} 秒後重試。",
        ),
    )
}


def choose_words(accept_language: str) -> Words:
    """Return the words in the best language of an Accept-Language header, or in English.

    At most 20 language ranges are read (RFC 9110, section 12.5.4).
    """
    wishes: list[tuple[float, str]] = []
    for part in accept_language.split(",", _MAX_TAGS)[:_MAX_TAGS]:
        tag, _, parameters = part.partition(";")
        weight = _weight(parameters)
        if weight > 0:
            wishes.append((-weight, tag.strip()))
    wishes.sort(key=lambda wish: wish[0])
    return next((WORDS[code] for code in (_code(tag) for _, tag in wishes) if code in WORDS), _ENGLISH)


def _weight(parameters: str) -> float:
    name, _, value = parameters.strip().partition("=")
    if not name:
        return 1.0
    try:
        weight = float(value)
    except ValueError:
        return 0.0
    return weight if name.strip().lower() == "q" and 0 <= weight <= 1 else 0.0


def _code(tag: str) -> str:
    """Return the API's code for a language tag, as the page's ``parseLanguage`` does."""
    lower = tag.lower().replace("_", "-")
    if lower in WORDS:
        return lower
    base, *rest = lower.split("-")
    if base == "zh":
        return "zh-tw" if _TRADITIONAL.intersection(rest) else "zh-cn"
    return {"pt": "pt-br", "iw": "he"}.get(base, base)
