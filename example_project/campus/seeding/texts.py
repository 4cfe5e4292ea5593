"""Names and comments in the languages and scripts of the world."""

# ruff: noqa: RUF001

# First names, last names, and how they look in a username; a person takes both from one line.
NAMES: tuple[tuple[tuple[str, ...], tuple[str, ...]], ...] = (
    (("Amelia", "Oliver", "Grace", "Noah"), ("Clarke", "O’Neill", "Smith-Jones", "Taylor")),
    (("José", "Lucía", "Íñigo", "Begoña"), ("Núñez", "García Márquez", "Peña", "Ibáñez")),
    (("Zoë", "François", "Élodie", "Anaïs"), ("Lefèvre", "D’Alembert", "Çelik", "Noël")),
    (("Jürgen", "Käthe", "Søren", "Åsa"), ("Müller", "Weiß", "Østergård", "Sjöström")),
    (("Łukasz", "Żaneta", "Jiří", "Džana"), ("Wójcik", "Święcicka", "Dvořák", "Hadžić")),
    (("Nguyễn", "Thị", "Đức"), ("Trần Thị Bích", "Phạm", "Đặng")),
    (("Ελένη", "Γιώργος", "Σοφία"), ("Παπαδοπούλου", "Νικολάου", "Κωνσταντίνου")),
    (("Анна", "Дмитрий", "Оксана"), ("Иванова", "Достоевский", "Шевченко")),
    (("محمد", "فاطمة", "ليلى"), ("الخوارزمي", "حسن", "بن سعيد")),
    (("נועה", "דוד", "תמר"), ("כהן", "לוי", "בן־דוד")),
    (("आरव", "प्रिया", "अनन्या"), ("शर्मा", "पटेल", "गुप्ता")),
    (("伟", "芳", "秀英"), ("王", "李", "欧阳")),
    (("さくら", "健太", "陽菜"), ("佐藤", "鈴木", "高橋")),
    (("민준", "서연", "지우"), ("김", "이", "박")),
    (("Ọláyínká", "Chidi", "Nkechi"), ("Adébáyọ̀", "Okafor", "Ṣóyínká")),
    (("X", "Ana 🌻"), ("Æ", "van der Berg, Jr.")),
)

COMMENTS: tuple[str, ...] = (
    "Looked away from the screen for a long time.",
    "A second person could be heard in the room.",
    "Phone on the desk; taken away when asked.",
    "Left the room from 00:12 to 00:14, without permission",
    'Said "I have finished", then went on typing.',
    "Notes, a book, and a calculator on the table; all allowed.",
    "Face not in the picture.\nThe camera had moved.",
    "Browser window changed\r\ntwice\r\nin one minute",
    '=HYPERLINK("http://example.invalid","look") was typed into the chat',
    "=2+5 on a sheet of paper held up to the camera",
    "+49 170 0000000 was dialled during the exam",
    "- no identification shown\n- headphones worn",
    "@proctor: please look at 00:31",
    "  =SUM(A1:A9) copied from a spreadsheet",
    "La candidate a quitté la pièce ; elle est revenue après deux minutes.",
    "Ein zweiter Bildschirm war eingeschaltet – »nur für Musik«.",
    "El candidato habló con otra persona; ¿su hermano?",
    "Kandidat spojrzał na telefon; źdźbło wątpliwości",
    "Ο υποψήφιος κοίταζε συνεχώς προς τα αριστερά.",
    "В кадре появился второй человек; ушёл через минуту.",
    "خرج الطالب من الغرفة؛ وعاد بعد دقيقتين.",
    "נשמעה שיחה ברקע; הנבחן לא ענה.",
    "परीक्षार्थी ने दो बार मोबाइल देखा।",
    "考生离开座位，约两分钟后返回。",
    "受験者の後ろに別の人が映っていました。",
    "응시자가 여러 번 화면 밖을 보았습니다.",
    "🐈 walked over the keyboard; 🙂 nothing else",
    "A comma, a semicolon; a \"quote\", an 'apostrophe' and a tab:\there.",
    "Poor light.",
    "No sound for eleven seconds.",
)

# Providers' labels for incidents that are neither suspicious nor a violation.
OTHER_LABELS = ("Info", "Technical", "Rules: accepted", "À vérifier")

# They decide where the session page shows an incident; the last two are a provider's own.
KINDS = ("webcam", "webcam", "webcam", "desktop", "desktop", "id", "room", "onboarding", "gaze", "")

# Comments that fit one kind only.
COMMENTS_BY_KIND: dict[str, tuple[str, ...]] = {
    "desktop": (
        "Browser window changed\r\ntwice\r\nin one minute",
        "A search engine was open beside the exam.",
        "  =SUM(A1:A9) copied from a spreadsheet",
        "Ein zweiter Bildschirm war eingeschaltet – »nur für Musik«.",
        "A chat window came to the front for eleven seconds.",
    ),
    "id": (
        "The name on the card is not the name of the account.",
        "The card was held up too quickly to be read.",
        "照片与考生不符。",
    ),
    "room": (
        "The room scan left out the desk.",
        "Notes, a book, and a calculator on the table; all allowed.",
        "- a second screen on the wall\n- switched off when asked",
    ),
    "onboarding": (
        "The face was not fully lit in the onboarding picture.",
        "The microphone was found at the third try.",
    ),
}

DECISIONS: tuple[str, ...] = (
    "I have watched the recording: nothing that breaks the rules.",
    "The book was allowed in this exam.",
    "Somebody dictated answers from 00:31 on.",
    "A phone was used; the learner admits it.",
    "Appeal accepted (case 2026-017).",
    "Réclamation acceptée ; voir le dossier.",
)

CATEGORIES = {"Somebody dictated answers from 00:31 on.": "reading_to_another_person"}

# What learners write against their results, and the answer to the first.
APPEALS: tuple[str, ...] = (
    "The phone belongs to my sister, who lives with me. She came in to fetch her keys, and I did not look at it.",
    "I looked to the left because my second screen was there, which was switched off. I can show you the room.",
)
ANSWER = "I have watched the recording again: the phone is in the learner's own hand from 00:31 on."

ERRORS = ("The proctoring software crashed.", "No recording arrived.", "The camera was lost and did not come back.")

ARCHIVED = (
    "The learner gets another go after a power cut.",
    "Reset on request of the learner.",
    "試験をやり直すため",
)

# Whom the service names where a member of the course team has decided there.
JUDGE = "instructor@campus.example"
REVIEWERS = ("R. Kumar", "M. Okonkwo", "Automatic review", "Ł. Nowak", "")
