"""What tells languages apart that share a script: their small words, and the letters of their alphabets.

Latin letters of English are not listed; of other scripts only those that not all languages here have.
"""

__all__ = ["LETTERS", "SMALL_WORDS"]

_LATIN = {
    "en_XX": "the of and to in is that for it was on are as with his they at be this from have or what",
    "de_DE": """der die und das den von zu mit ist des auf für im dem nicht ein eine als auch es an wie
        was wer wann welche welcher welches welchem wo wurde wird oder nach aus viele""",
    "fr_XX": """le la les des et est dans une du que pour par sur pas au plus ce avec sont il quel quelle
        qui quand combien où comment quels quelles ou""",
    "es_XX": """el la los las de que y en un una es por con para se del al como lo su más fue qué cuál
        está quién cuándo cuánto cuántos dónde cómo quiénes""",
    "it_IT": """il lo gli di che è un una per non sono con del della nel alla dei da come anche si più
        qual chi quando quanto quanti dove quale quali""",
    "pt_XX": """o os as de que e do da em um uma para com não por mais dos das ao foi são na no qual é
        quem quando quantos onde""",
    "nl_XX": """de het een van en in is dat op te zijn voor met die niet aan er om ook als door wat hoe
        wie wanneer welke waar""",
    "pl_PL": """w i na z się do nie jest to że o od przez jak po za jego który była czy są oraz co kto
        kiedy ile gdzie""",
    "tr_TR": """ve bir bu için ile de da olarak olan en gibi daha çok kadar sonra ne değil mi nedir hangi
        kim kaç nerede nasıl önce""",
    "vi_VN": """là của và các có được trong cho một người không với này những đã khi về như gì nào để ai
        bao""",
    "id_ID": "yang dan di dari untuk dengan pada adalah ini itu tidak dalam oleh sebagai ke akan juga apa",
    "ms_MY": """yang dan di dari untuk dengan pada adalah ini itu tidak dalam oleh sebagai ke akan juga apa
        kerana boleh ialah daripada""",
    "ro_RO": """și de la în a un o că nu cu pe este din care mai pentru fost sunt prin ce al cine când
        unde câte câți sau""",
    "sv_SE": """och att det i en som är av för på med den till inte om har de ett men var från ska kan vid
        eller då hur vad när innan efter""",
    "da_DK": """og at det i en som er af for på med den til ikke om har de et men var fra skal kan ved eller
        da hvordan hvad når før efter må blev sig""",
    "no_XX": """og å det i en som er av for på med den til ikke om har de et men var fra skal kan ved eller
        da hvordan hva når før etter må ble seg""",
    "fi_FI": """ja on ei se että oli mutta hän kun niin myös tai ovat sen joka kuin mikä jos voi ole ennen
        saa olla mitä miten""",
    "cs_CZ": """a se v na je že s z do o k i to ve pro ale by jako za od po jsou byl není nebo když který
        než jak co kde dokud jinak""",
    "sk_SK": """a sa v na je že s z do o k i to vo pre ale by ako za od po sú bol nie alebo keď ktorý než čo
        kde kým inak""",
    "hu_HU": """a az és hogy nem egy is meg de mert volt ez csak ha van el kell vagy már azt mi szerint ki
        mint amíg szabad hol""",
    "hr_HR": """i u je se na da su za s od ne što koji ili kao iz sa ali do bi o nije biti prije nakon dok
        jer kako gdje""",
    "bs_BA": """i u je se na da su za s od ne što koji ili kao iz sa ali do bi o nije biti prije poslije dok
        jer kako gdje šta""",
    "sl_SI": """in je v na se da za z so ki s ne pa bi kot po od iz ali pri tudi ni bo pred med kako kje kaj
        dokler""",
    "lt_LT": "ir yra į kad su iš tai ne kaip bet buvo nuo ar jis po už apie kurie prieš kas kur",
    "lv_LV": "un ir ar no uz par kas tas ka nav bija vai kā pie pēc lai bet arī to pirms kur nedrīkst",
    "et_EE": "ja on ei et see oli ka mis kui ta oma või aga enne pärast kuidas tuleb siis kuni kes",
    "ca_ES": """el la els les de que i en un una és per amb al del dels com no més ha són aquest fins abans
        què s d l""",
    "eu_ES": "eta da du ez bat dira dute hau zen baina izan ere den egin zer nola non",
    "sq_AL": "të e në i një për me që nga dhe është më se si nuk ka do ku janë para",
    "az_AZ": "və bir bu üçün ilə də da olan ki daha çox kimi sonra nə deyil hansı əvvəl nədir",
    "tl_XX": "ang ng sa na at ay mga ito hindi para kung siya ni may isang ano paano",
}
_CYRILLIC = {
    "ru_RU": """и в не на что с по как это из у за от о для был была его он она они который какой где до
        или при перед кто когда сколько каком какие какая какую""",
    "uk_UA": """і в не на що з та як це із у за від про для був була його він вона вони який яка де є до
        або при перед хто коли скільки""",
    "bg_BG": """и в не на че с по как това от за е са да се той тя който къде до или при преди без трябва
        ли защото ще кой кога колко какво""",
    "sr_RS": """и у не на што да се је су за од са као који али до или из он она то бити пре после док где
        није како""",
    "mk_MK": """и во не на што да се е за од со како кој но до или тоа тој таа има пред кога каде додека
        дека ги го""",
    "kk_KZ": "және бұл үшін мен бір бар деп емес болып қалай оның кейін",
    "mn_MN": "ба нь байна энэ бол юм байгаа хийх гэж ямар",
}
_ARABIC = {
    "ar_AR": "في من على أن إلى لا ما هذا هذه عن مع التي الذي كان هو هي قبل أو كيف متى كم",
    "fa_IR": "در به از که این را با است آن برای یک تا بر نباید پیش چه یا های می شد",
    "ur_PK": "کے کی میں ہے کو سے اور کا پر نہیں یہ نے ایک تک وہ جب ہیں کیا",
}
_DEVANAGARI = {
    "hi_IN": "है के में की को से का और पर नहीं एक यह ने हैं था जब तक क्या कब कैसे तो किस ही भी",
    "mr_IN": "आहे आणि हे या तो ती ते नाही आहेत होते येथे करू नये पण काय कधी कसे मध्ये होता",
    "ne_NP": "छ र को मा छन् हो गर्न यो भएको पनि लागि गरेको थियो तर हुन्छ कसरी के नगर्नुहोस्",
}
SMALL_WORDS = {"LATIN": _LATIN, "CYRILLIC": _CYRILLIC, "ARABIC": _ARABIC, "DEVANAGARI": _DEVANAGARI}
LETTERS = {
    "de_DE": "äöüß",
    "fr_XX": "àâçéèêëîïôùûüœ",
    "es_XX": "áéíñóúü",
    "it_IT": "àèéìòù",
    "pt_XX": "áâãàçéêíóôõú",
    "nl_XX": "éëïö",
    "pl_PL": "ąćęłńóśźż",
    "tr_TR": "çğışöüâ",
    "vi_VN": "àáâãèéêìíòóôõùúýăđĩũơưạảấầẩẫậắằẳẵặẹẻẽếềểễệỉịọỏốồổỗộớờởỡợụủứừửữựỳỵỷỹ",
    "ro_RO": "ăâîșțşţ",
    "sv_SE": "åäöé",
    "da_DK": "æøå",
    "no_XX": "æøå",
    "fi_FI": "äö",
    "cs_CZ": "áčďéěíňóřšťúůýž",
    "sk_SK": "áäčďéíĺľňóôŕšťúýž",
    "hu_HU": "áéíóöőúüű",
    "hr_HR": "čćđšž",
    "bs_BA": "čćđšž",
    "sl_SI": "čšž",
    "lt_LT": "ąčęėįšųūž",
    "lv_LV": "āčēģīķļņšūž",
    "et_EE": "äõöüšž",
    "ca_ES": "àçèéíïòóúü",
    "eu_ES": "ñ",
    "sq_AL": "çë",
    "az_AZ": "çəğıöşü",
    "tl_XX": "ñ",
    "ru_RU": "ёйщъыэю",
    "uk_UA": "єіїґйщю",
    "bg_BG": "йщъю",
    "sr_RS": "ђјљњћџ",
    "mk_MK": "ѓѕјљњќџ",
    "kk_KZ": "ёйщъыэюәғқңөұүһі",
    "mn_MN": "ёйщъыэюөү",
    "ar_AR": "كيىةأإؤ",
    "fa_IR": "پچژگکی",
    "ur_PK": "پچژگکیٹڈڑںھہے",
    "mr_IN": "ळ",
}
