"""Invented people, places and texts, in many scripts, and the dirt that real data has."""

#: First names, last names, and how the two are written in addresses, script by script.
SCRIPTS: tuple[tuple[tuple[str, ...], tuple[str, ...], tuple[str, ...], tuple[str, ...]], ...] = (
    (
        ("Anna", "Ben", "Clara", "David", "Emma", "Frank", "Grace", "Henry", "Iris", "Jack", "Kate", "Liam", "Nora"),
        ("Archer", "Baker", "Carver", "Dyer", "Fletcher", "Glover", "Hooper", "Mason", "Porter", "Sawyer", "Tyler"),
        ("anna", "ben", "clara", "david", "emma", "frank", "grace", "henry", "iris", "jack", "kate", "liam", "nora"),
        ("archer", "baker", "carver", "dyer", "fletcher", "glover", "hooper", "mason", "porter", "sawyer", "tyler"),
    ),
    (
        ("Zoë", "Jürgen", "François", "Søren", "Łucja", "Ångström", "Íris", "Žofie", "Renée", "Núria", "Dvořák"),
        ("Müller-Lüdenscheidt", "O’Brien", "d’Amboise", "Øksendal", "Świątek", "Peña", "Çelik", "Ñáñez", "Großmann"),
        ("zoe", "juergen", "francois", "soren", "lucja", "angstrom", "iris", "zofie", "renee", "nuria", "dvorak"),
        ("mueller", "obrien", "damboise", "oksendal", "swiatek", "pena", "celik", "nanez", "grossmann"),
    ),
    (
        ("Анна", "Борис", "Вера", "Григорий", "Дарья", "Ольга", "Юлия"),
        ("Петрова", "Иванов", "Смирнова", "Кузнецов", "Щербакова", "Ёлкин"),
        ("anna", "boris", "vera", "grigory", "darya", "olga", "yulia"),
        ("petrova", "ivanov", "smirnova", "kuznetsov", "shcherbakova", "yolkin"),
    ),
    (
        ("Ελένη", "Γιώργος", "Μαρία", "Νίκος", "Σοφία"),
        ("Παπαδοπούλου", "Γεωργίου", "Νικολάου", "Ιωάννου"),
        ("eleni", "giorgos", "maria", "nikos", "sofia"),
        ("papadopoulou", "georgiou", "nikolaou", "ioannou"),
    ),
    (
        ("محمد", "فاطمة", "علي", "مريم", "יעל", "דוד", "נועה"),
        ("الهاشمي", "بن علي", "المصري", "כהן", "לוי", "מזרחי"),
        ("mohammed", "fatima", "ali", "maryam", "yael", "david", "noa"),
        ("alhashimi", "benali", "almasri", "cohen", "levi", "mizrahi"),
    ),
    (
        ("伟", "芳", "秀英", "太郎", "さくら", "ミゲル", "지우", "민준"),
        ("王", "李", "欧阳", "佐藤", "鈴木", "ロドリゲス", "김", "박"),
        ("wei", "fang", "xiuying", "taro", "sakura", "migeru", "jiwoo", "minjun"),
        ("wang", "li", "ouyang", "sato", "suzuki", "rodorigesu", "kim", "park"),
    ),
    (
        ("สมชาย", "สุดา", "अनिता", "राजेश", "Thúy", "Nguyễn"),
        ("ใจดี", "รักไทย", "शर्मा", "पटेल", "Trần", "Phạm"),
        ("somchai", "suda", "anita", "rajesh", "thuy", "nguyen"),
        ("jaidee", "rakthai", "sharma", "patel", "tran", "pham"),
    ),
    (
        # Combining accents, emoji, one letter, and what older imports left in names.
        ("Zoe\u0308", "🦄 Uni", "J", "N/A", "null", "-", "Mary Ann", "ANNA"),
        ("Null", "O", "N/A", "0", "Test, Inc.", '"Bobby" Tables', "van der Berg-Ø", "SMITH"),
        ("zoe", "uni", "j", "na", "nul", "dash", "maryann", "anna"),
        ("null", "o", "na", "zero", "test", "bobby", "vanderberg", "smith"),
    ),
)
#: Which script a person's name is in, by the person's number.
SCRIPT_OF = (0,) * 22 + (1,) * 8 + (2, 2, 3, 3, 4, 4, 5, 5, 6, 7)
DOMAINS = (
    "mail.example", "post.example", "example.com", "example.org", "example.net", "corp.example", "shop.example",
    "sub.domain.example.co", "a-very-long-company-name-that-goes-on.example", "xn--bcher-kva.example",
)  # fmt: skip
MALFORMED = (
    "no at sign", "two@@example.com", "blank in@example.com", "trailing@", "@leading.example", "dot.@example..com",
    "n/a", "none", "x@localhost", "comma,comma@example.com",
)  # fmt: skip
COMPANIES = (
    "Acorn & Sons", "Blue Harbour Ltd", "Copper, Tin & Zinc", "Delta \"D\" Devices", "Études Réunies",
    "Fjord AS", "Grün GmbH & Co. KG", "Hanse\tKontor", "Iglu Oy", "Jasmin; Lily", "Kite\\Works", "Lumen",
    "株式会社みどり", "ООО Рассвет", "شركة النخيل", "N/A", "null", "0", "-", "'Quoted' Inc", "=SUM(A1:A9)", "+1 Growth",
    "@home", "Mango Collective", "North Star", "Onyx", "Pine & Oak", "Quartz Partners", "River Foods", "Solaris",
    "Tide", "Umbra", "Vela", "Willow Street", "Xenon", "Yarrow", "Zephyr",
)  # fmt: skip
TITLES = (
    "CEO", "CTO", "Head of Marketing", "Buyer", "Engineer", "VP, Sales", "Geschäftsführerin", "Directrice générale",
    "営業部長", "Руководитель отдела", "مدير", "Intern", "Owner", None, None, "N/A", "null", "NULL", "\\N", "#N/A",
    "None", "nan", "0", "-", "Manager \"ad interim\"", "Sr. Analyst", "Consultant", "Partner", "Teacher", "Nurse",
)  # fmt: skip
CITIES = (
    ("Lisbon", None, "1100-148", "Portugal", "Rua da Prata 12"), ("Berlin", "Berlin", "10117", "Germany", "Unter den Linden 5"),
    ("São Paulo", "SP", "01310-100", "Brazil", "Av. Paulista 1000\r\nApto 12"), ("Zürich", "ZH", "8001", "Switzerland", "Bahnhofstrasse 3"),
    ("東京", "東京都", "100-0001", "Japan", "千代田1-1"), ("New York", "NY", "10001", "USA", "350 5th Ave, Floor 20"),
    ("London", None, "SW1A 1AA", "United Kingdom", "Flat 3\n10 High Street"), ("Москва", None, "101000", "Russia", "ул. Мясницкая, 1"),
    ("Paris", "Île-de-France", "75001", "France", "1 rue de l’Échelle"), (None, None, None, None, None),
    ("القاهرة", None, "11511", "Egypt", "شارع 26 يوليو"), ("Toronto", "ON", "M5H 2N2", "Canada", "100 Queen St \"W\""),
)  # fmt: skip
PHONES = (
    "+351 21 000 {n:04}", "(212) 555-{n:04}", "0049-30-{n:04}", "+81 3 0000 {n:04}", "555.{n:04}", "{n:04} ext. 7", None, None,
)  # fmt: skip
NOTES = (
    None, None, None, "Met at the fair.", "Line one\nline two\nline three", "Windows\r\nline ends\r\n\r\nand a gap",
    "Commas, \"quotes\", 'apostrophes'; semicolons\tand tabs", "C:\\temp\\new\\file", "N/A", "null",
    "Ends with a backslash \\", "=cmd|' /C calc'!A0", "emoji 🎉 and 中文 and עברית", "\u202eright to left\u202c override",
)  # fmt: skip
SOURCES = ("Web", "Phone Inquiry", "Partner Referral", "Purchased List", "Other", "Trade Show 2019", None)
INDUSTRIES = ("Technology", "Retail", "Banking", "Education", "Energy", None, "Consulting", "Media", None)
RATINGS = ("Hot", "Warm", "Cold", None, None)
SALUTATIONS = ("Mr.", "Ms.", "Mrs.", "Dr.", "Prof.", None, None, None)
BOUNCES = (
    "550 5.1.1 The email account that you tried to reach does not exist",
    "552 5.2.2 Mailbox full",
    'smtp; 554 Message rejected: "spam", see https://example.com/why',
)
