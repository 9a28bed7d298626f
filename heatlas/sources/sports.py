"""Translate names of sports, in the words of all formats and many languages, into those of Strava's SportType."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

from heatlas.core.regex import regex
from heatlas.sources.indoor import VIRTUAL_OF, virtual_word

__all__ = ["SPORTS", "VIRTUAL", "is_sport", "sport_name"]

_SPELLINGS = {
    # Foot
    "Run": """running | runs | jog | jogging | street running | track running | track | road running |
        obstacle | obstacle run | obstacle racing | ultra run | interval running | laufen | lauf |
        joggen | course | course a pied | carrera | correr | carrera a pie | corsa | correre | corrida |
        hardlopen | hardloopsessie | hardloop | juoksu | juokseminen | futas | lopning | lopp | lop |
        løping | løpetur | løp | løb | løbetur | løbe | bieg | bieganie | beh | бег | пробежка | забег |
        біг | kosu | τρεξιμο | 跑步 | 路跑 | 跑 | ラン | ランニング | 달리기 | 러닝""",
    "TrailRun": """trail running | trail | cross country running | ultra trail | traillauf |
        trailrunning | gelandelauf | course trail | carrera de montana | carrera por montana |
        trail corsa | corsa trail | corrida em trilha | corrida de trilha | trailrun | polkujuoksu |
        maastojuoksu | terepfutas | traillopning | terranglopning | terrengløp | stiløp | stiløping |
        trailløb | bieg przelajowy | bieg terenowy | трейлраннинг | трейл |
        бег по пересеченной местности | 越野跑 | 越野跑步 | トレイルラン | トレイルランニング |
        트레일 러닝""",
    "VirtualRun": """virtual running | treadmill | treadmill running | indoor running | indoor run |
        running indoor | running virtual activity | running treadmill | running indoor running |
        virtueller lauf | laufband | tapis | course virtuelle | carrera virtual | corsa virtuale |
        corrida virtual | virtuele run | virtuele hardloopsessie | virtuaalijuoksu |
        virtuaalinen juoksu | juoksumatto | virtualis futas | virtuell lopning | virtuell løping |
        virtuelt løb | bieg wirtualny | виртуальный забег | 虚拟跑步 | 虛擬跑步 | バーチャルラン |
        가상 달리기""",
    "Walk": """walking | casual walking | speed walking | race walking | nordic walking |
        fitness walking | dog walking | gehen | spaziergang |
        spazieren | marche | promenade | caminata | caminar | andar | camminata | camminare |
        caminhada | wandeling | wandelen | kavely | kavelylenkki | seta | gyaloglas | promenad | gang |
        gange | gatur | gåtur | spacer | marsz | chodzenie | chuze | ходьба | прогулка | ходьба пешком |
        yuruyus | 步行 | 散步 | 健走 | ウォーキング | ウォーク | 散歩 | 걷기""",
    "Hike": """hiking | trekking | trek | backpacking | mountaineering | rucking | ruck | wandern |
        wanderung | bergwandern | bergsteigen | randonnee | randonnee pedestre | senderismo |
        excursion | escursione | escursionismo | trilha | trilho | hike tocht | bergwandeling |
        vaellus | patikointi | tura | turazas | vandring | fottur | vandretur | vandre | wedrowka |
        wycieczka | turistika | поход | хайкинг | похід | 徒步 | 健行 | 远足 | 遠足 | 登山 |
        ハイキング | ハイク | 하이킹 | 등산""",
    # Bicycle
    "Ride": """cycling | biking | bike | bicycle | bicycling | road biking | road cycling | road ride |
        cycling road | cycling sport | cycling transportation | commuting | bike commuting |
        mixed surface | track cycling | recumbent | recumbent cycling | bmx | radfahren | radfahrt |
        rad | fahrrad | rennrad | velo | cyclisme | sortie a velo | sortie velo | bicicleta | ciclismo |
        vuelta ciclista | vuelta en bici | salida en bicicleta | salida | bici | pedalata |
        giro in bici | giro | uscita in bici | pedalada | pedal | fietsrit | fietsen | fiets | rit |
        pyoraily | pyoralenkki | pyora | kerekparozas | kerekpar | bringazas | cykling | cykeltur |
        cykla | cykel | sykling | sykkeltur | sykkel | jazda | jazda na rowerze | kolarstwo | rower |
        kolo | cyklistika | jizda | велосипед | велоспорт | заезд | велозаезд | велопрогулка |
        bisiklet | ποδηλασια | 骑行 | 騎乘 | 骑车 | 騎車 | 自行车 | 公路骑行 | ライド | サイクリング |
        自転車 | 라이딩 | 자전거""",
    "MountainBikeRide": """mountain biking | mountain bike | mtb | mountain | cycling mountain |
        downhill biking | downhill | enduro mtb | mountainbike fahrt | mountainbiken | mountainbike |
        sortie vtt | vtt | velo tout terrain | bicicleta de montana | ciclismo de montana |
        salida en bicicleta de montana | btt | giro in mtb | giro in mountain bike | mountain bike rit |
        mountainbikerit | pedalada de mountain bike | maastopyoraily | maastopyoralenkki |
        hegyikerekparozas | mountainbikecykling | terrengsykling | mountainbiketur | kolarstwo gorskie |
        горный велосипед | 山地骑行 | 山地自行车 | 登山車騎乘 | マウンテンバイクライド |
        マウンテンバイク | 산악자전거""",
    "GravelRide": """gravel | gravel cycling | gravel biking | gravel bike | cyclocross |
        cycling gravel cycling | cycling cyclocross | unpaved cycling | gravelbike fahrt | gravelbike |
        sortie gravel | gravel velo | salida gravel | giro gravel | gravelrit | gravel rit | soraajo |
        gravelcykling | grusvagscykling | grussykling | jazda gravelowa | 砾石骑行 | 砾石路骑行 |
        グラベルライド""",
    "EBikeRide": """e bike ride | ebike | e bike | e biking | ebiking | e bike fitness | ebikeride |
        e bike fahrt | e bike rit | electric bike ride | sortie en velo electrique | velo electrique |
        vae | bicicleta electrica | salida en e bike | giro in e bike | bici elettrica |
        pedalada de e bike | elektrische fiets | sahkopyoraily | sahkopyoralenkki | elcykling |
        elcykel | elsykling | elsykkel | rower elektryczny | 电动车骑行 | 電動自行車騎乘 |
        電動アシスト自転車 | eバイクライド""",
    "EMountainBikeRide": """e mountain bike ride | e mountain biking | e bike mountain | e mtb | emtb |
        e mountainbike fahrt | vtt electrique | sortie en vtt electrique | e mountainbikerit |
        sahkomaastopyoraily | eマウンテンバイクライド""",
    "VirtualRide": """virtual cycling | virtual bike | virtual activity | cycling virtual activity |
        indoor cycling | indoor ride | indoor biking | cycling indoor cycling | spinning | spin |
        zwift | trainer | home trainer | turbo trainer | turbo | smart trainer | heimtrainer | rollentrainer |
        rolle | stationary bike | exercise bike | spin bike | rulli | rodillo | velo d interieur |
        virtuelle radfahrt | virtuelles radfahren | velo virtuel | sortie virtuelle |
        sortie a velo virtuelle | bicicleta virtual | ciclismo virtual | vuelta ciclista virtual |
        giro virtuale | pedalata virtuale | pedalada virtual | virtuele rit | virtuele fietsrit |
        virtuaalipyoraily | virtuaalinen pyoralenkki | virtualis kerekparozas | virtuell cykling |
        virtuell cykeltur | virtuell sykling | virtuell sykkeltur | virtuel cykeltur | jazda wirtualna |
        виртуальный заезд | 虚拟骑行 | 虛擬騎乘 | バーチャルライド | 가상 라이딩""",
    "Handcycle": "hand cycling | handcycling | handbike | cycling hand cycling | handvelo",
    "Velomobile": "velo mobile | velomobiel",
    # Water
    "Swim": """swimming | lap swimming | pool swim | pool swimming | open water | open water swimming |
        swimming lap swimming | swimming open water | swimming pool | schwimmen | natation | nage |
        nager | natacion | nuoto | nuotata | natacao | nado | zwemmen | zwemsessie | uinti | uiminen |
        uszas | simning | svømming | svømmetur | svømning | plywanie | plavani | плавание | заплыв |
        плавання | yuzme | 游泳 | 水泳 | スイム | 스윔 | 수영""",
    "Rowing": """row | rudern | aviron | remo | canottaggio | roeien | soutu | evezes | rodd | roning |
        wioslarstwo | wioslowanie | гребля | академическая гребля | 划船 | ローイング | ボート |
        조정""",
    "VirtualRow": """virtual rowing | indoor rowing | rowing indoor | rowing indoor rowing |
        rowing machine | ergometer | virtuelles rudern | aviron virtuel | remo virtual |
        canottaggio virtuale | virtueel roeien | virtuaalisoutu | virtuell rodd | virtuell roing |
        虚拟划船 | バーチャルローイング""",
    "Kayaking": """kayak | whitewater kayaking | sea kayaking | paddling kayaking | kajakfahren |
        kajak | kayak de mer | canottaggio in kayak | caiaque | caiaquismo | kajakken |
        melonta kajakilla | kajakozas | kajakpaddling | padling | kajakroning | kajakarstwo | каякинг |
        皮划艇 | 皮艇 | カヤック | 카약""",
    "Canoeing": """canoe | paddling | paddle sports | kanufahren | kanu | canoe kayak | piraguismo |
        piragua | canoa | canoagem | kanovaren | melonta | kenuzas | kanotpaddling | kanopadling |
        kanosejlads | kajakarstwo kanadyjka | каноэ | 独木舟 | 獨木舟 | カヌー | 카누""",
    "StandUpPaddling": """stand up paddle | stand up paddleboarding | stand up paddle boarding |
        stand up paddling | sup | paddleboard | paddleboarding | paddling sup | stehpaddeln | paddle |
        suppen | sup lautailu | sup paddling | сапсерфинг | 立式桨板 | 立式划桨 | スタンドアップパドル |
        サップ | 패들보드""",
    "Sail": """sailing | boating sailing | sail race | sail expedition | segeln | voile | vela |
        navigazione a vela | zeilen | purjehdus | vitorlazas | segling | seiling | sejlads |
        zeglarstwo | парусный спорт | 帆船 | セーリング""",
    "Surfing": "surf | wellenreiten | surfen | surffaus | szorfozes | серфинг | 冲浪 | サーフィン",
    "Kitesurf": """kite surfing | kiteboarding | kite | kitesurfen | leijalautailu | kajtsurfing |
        风筝冲浪 | カイトサーフィン""",
    "Windsurf": """wind surfing | windsurfen | planche a voile | purjelautailu | vindsurfing |
        风帆冲浪 | ウィンドサーフィン""",
    # Snow, ice, wheels
    "AlpineSki": """alpine skiing | skiing | ski | downhill skiing | resort skiing |
        resort skiing snowboarding | resort skiing snowboarding ws | ski alpin | skifahren | alpinski |
        esqui alpino | esqui | sci alpino | sci | skien | alpineskien | alppihiihto | laskettelu |
        alpesi sieles | sieles | utforsakning | alpint | alpin skidakning | narciarstwo alpejskie |
        narty | горные лыжи | 高山滑雪 | 双板滑雪 | アルペンスキー | スキー | 알파인 스키""",
    "BackcountrySki": """backcountry skiing | ski touring | alpine skiing backcountry |
        backcountry skiing snowboarding | backcountry skiing snowboarding ws | skitour | skitouren |
        tourenski | ski de randonnee | ski de rando | esqui de montana | esqui de travesia |
        scialpinismo | sci alpinismo | esqui backcountry | toerskien | vapaalasku | turasieles |
        topptur | toppturer | skitouring | скитур | бэккантри | 野外滑雪 | 越野滑雪旅行 |
        バックカントリースキー""",
    "NordicSki": """nordic skiing | cross country skiing | cross country skiing ws | xc skiing |
        skate skiing | skate skiing ws | classic skiing | langlauf | skilanglauf | ski nordique |
        ski de fond | esqui nordico | esqui de fondo | sci nordico | sci di fondo | langlaufen |
        hiihto | murtomaahiihto | maastohiihto | sifutas | langdskidakning | langdskidor | langrenn |
        langrend | narciarstwo biegowe | biegowki | bezky | беговые лыжи | лыжи | 越野滑雪 | 北欧滑雪 |
        ノルディックスキー | クロスカントリースキー | 노르딕 스키""",
    "RollerSki": """roller skiing | rollski | skirollern | ski roues | ski a roulettes | rullahiihto |
        rullskidor | rulleski | esqui sobre ruedas | nartorolki | лыжероллеры | ローラースキー""",
    "Snowboard": """snowboarding | snowboarden | lumilautailu | surf des neiges | snowboardakning |
        сноуборд | 单板滑雪 | スノーボード | 스노보드""",
    "Snowshoe": """snowshoeing | snow shoeing | snow shoe | snow shoeing ws | schneeschuhwandern |
        schneeschuhlaufen | raquettes | raquette a neige | raquetas de nieve | ciaspole | ciaspolata |
        sneeuwschoenwandelen | lumikenkaily | hotalpas | snoskor | truger | rakiety sniezne |
        снегоступы | 雪鞋健行 | スノーシュー""",
    "IceSkate": """ice skating | skating ws | eislaufen | patinage | patin a glace |
        patinage sur glace | patinaje sobre hielo | pattinaggio su ghiaccio | patinacao no gelo |
        schaatsen | luistelu | jegkorcsolya | skridskoakning | skøyter | skøjteløb | lyzwiarstwo |
        коньки | 滑冰 | アイススケート""",
    "InlineSkate": """inline skating | inline skates | rollerblading | roller skating | skating |
        inlineskaten | roller | patinaje en linea | pattinaggio in linea | patinacao inline |
        rullaluistelu | gorkorcsolya | inlines | rulleskøyter | rolki | роликовые коньки | ролики |
        直排轮 | 轮滑 | インラインスケート""",
    "Skateboard": """skateboarding | skateboarden | rullalautailu | monopatin | скейтборд | 滑板 |
        スケートボード""",
    # Courts, fields, courses
    "Golf": "golfing | golfen | 高尔夫 | ゴルフ | гольф",
    "Tennis": "tenis | tennista | 网球 | テニス | теннис",
    "TableTennis": """ping pong | tischtennis | tennis de table | tenis de mesa | tennistavolo |
        tafeltennis | poytatennis | 乒乓球""",
    "Badminton": "federball | sulkapallo | tollaslabda | 羽毛球 | バドミントン",
    "Squash": "сквош | 壁球",
    "Padel": "paddelball | paddle tennis | platform tennis | padel tennis",
    "Pickleball": "pickle ball | racket pickleball",
    "Racquetball": "racket ball | racquet ball",
    "Racket": "racquet | racket sports | racquet sports",
    "Soccer": """football | fussball | fútbol | futbol | calcio | futebol | voetbal | jalkapallo |
        labdarugas | fotboll | fotball | fodbold | pilka nozna | футбол | 足球 | サッカー""",
    "Basketball": """basquetbol | baloncesto | pallacanestro | basquete | koripallo | kosarlabda |
        篮球 | バスケットボール""",
    "Volleyball": "voleibol | pallavolo | lentopallo | roplabda | 排球 | beach volleyball",
    "Cricket": "kricket | 板球",
    # Indoors
    "Workout": """training | entrainement | entrenamiento | allenamento | treino | exercise |
        other workout | fitness | fitness equipment | cardio | cardio training | indoor cardio |
        aerobics | gym | generic workout | treeni | harjoitus | edzes | traning | trening | traening |
        træning | тренировка | 训练 | 健身 | 訓練 | ワークアウト | 운동""",
    "WeightTraining": """strength | strength training | weights | weightlifting | weight lifting |
        krafttraining | musculation | entrenamiento con pesas | pesas | pesi | sollevamento pesi |
        musculacao | treinamento com peso | krachttraining | voimaharjoittelu | sulyzos edzes |
        styrketraning | styrketrening | styrketræning | trening silowy | силовая тренировка | 力量训练 |
        举重训练 | 重量訓練 | ウェイトトレーニング | 筋トレ | 웨이트 트레이닝""",
    "Crossfit": "cross fit | cross training | functional training",
    "HighIntensityIntervalTraining": "hiit | high intensity interval training | interval training",
    "Yoga": "joga | jooga | йога | 瑜伽 | 瑜珈 | ヨガ | 요가",
    "Pilates": "пилатес | 普拉提 | ピラティス",
    "Dance": """dancing | zumba | tanzen | danse | baile | danza | dansen | tanssi | tanc | dans |
        taniec | 舞蹈 | ダンス""",
    "Elliptical": """elliptical trainer | elliptique | velo elliptique | crosstrainer | eliptica |
        ellittica | eliptico | crosstrainer ellips | ellipszis | эллиптический тренажер | 椭圆机 |
        エリプティカル""",
    "StairStepper": """stair climbing | stair climber | stair stepper | stepper | floor climbing |
        simulateur d escalier | treppensteigen | escaladora | stairclimber | 踏步机 | 爬楼机 |
        ステアステッパー""",
    "RockClimbing": """climbing | rock climbing | indoor climbing | bouldering | klettern |
        felsklettern | escalade | escalada | escalada en roca | arrampicata | arrampicata su roccia |
        escalada em rocha | klimmen | kiipeily | sziklamaszas | klattring | klatring | wspinaczka |
        скалолазание | 攀岩 | ロッククライミング | クライミング | 암벽 등반""",
    # On the spot, without an entry above
    "VirtualWalk": """treadmill walking | indoor walking | walking indoor walking | walking treadmill |
        virtual walking | virtual hike""",
    "VirtualSki": "indoor skiing | ski erg | ski ergometer | virtual skiing | virtual nordic ski",
    "VirtualHandcycle": "indoor hand cycling | virtual hand cycling",
    "VirtualWheelchair": "indoor wheelchair walk | indoor wheelchair run | virtual wheelchair",
    "VirtualSwim": "virtual swimming",
    "VirtualWorkout": "virtual | virtual training",
    # And the rest
    "Wheelchair": """wheelchair push walk | wheelchair push run | wheel chair | rollstuhl |
        fauteuil roulant | fauteuil | silla de ruedas | sedia a rotelle | cadeira de rodas | rolstoel |
        pyoratuoli | rullstol | rullestol | kørestol | wozek inwalidzki | 轮椅 | 轮椅运动 | 車椅子""",
    "Multisport": "multi sport | triathlon | duathlon | swimrun | brick | triatlon | триатлон",
    "Transition": """transition v2 | bike to run transition | swim to bike transition |
        run to bike transition""",
    "Flying": "fly | flight | airplane | plane | aviation | fliegen | vol | vuelo",
    "Gliding": "sail plane | soaring | segelflug | segelfliegen | vol a voile | volo a vela | zweefvliegen",
    "Paragliding": """paraglide | gleitschirm | gleitschirmfliegen | parapente | parapendio | paralotnia |
        paragliding hike | speedfly""",
    "HangGliding": "hang glider | drachenfliegen | deltaplane | ala delta",
    "SkyDiving": "skydiving | wingsuit | jumpmaster",
    "Driving": """drive | car | motorcycling | motorcycle | motorbike | motor | auto driving | atv |
        autofahren | voiture | taxi | bus | coach | truck | scooter | moped""",
    "Train": """rail | railway | subway | metro | tram | light rail | zug | bahn | treno | trein | tåg | поезд | 火车 |
        地铁 | 電車""",
    "CableCar": "gondola | gondola lift | funicular | chair lift | chairlift | ski lift | seilbahn | telecabine",
    "Boating": "boat | motor boat | motorboating | ferry | motor yacht",
    "HorsebackRiding": """horse riding | equestrian | reiten | equitation | equitacion | equitazione |
        paardrijden | ratsastus""",
    "WaterSport": "water sports | watersport",
    "WinterSport": "winter sports | wintersport",
    "Unknown": """unknown | other | generic | uncategorized | uncategorised | none | null | nan | all |
        activity | undefined | default | sonstiges | autre | otro | altro | outro | anders | muu |
        egyeb | annat | annet | andet | inne | другое | 其他 | その他 | 기타""",
}

# fmt: off
_CODES = [
    "Unknown", "Ride", "AlpineSki", "BackcountrySki", "Hike", "IceSkate", "InlineSkate",
    "NordicSki", "RollerSki", "Run", "Walk", "Workout", "Snowboard", "Snowshoe", "Kitesurf",
    "Windsurf", "Swim", "VirtualRide", "EBikeRide", "Velomobile", "WaterSport", "Canoeing",
    "Kayaking", "Rowing", "StandUpPaddling", "Surfing", "Crossfit", "Elliptical", "RockClimbing",
    "StairStepper", "WeightTraining", "Yoga",
]
"""Strava's numbers from 0, as its GPX files write them in ``<type>``."""
# fmt: on

SPORTS: frozenset[str] = frozenset(_SPELLINGS)
"""Every word of the vocabulary."""
VIRTUAL: frozenset[str] = frozenset(sport for sport in _SPELLINGS if sport.startswith("Virtual"))
"""Sports whose positions are those of a game or a trainer. Nobody was there, so they are never mapped.

Indoor rides, treadmills and rowing machines are among them: if such a file holds positions, an app made
them up. Pools, halls and gyms are not: a person was where the positions are."""
_ON_THE_SPOT = ("virtual", "indoor", "treadmill", "trainer", "turbo")
"""Words before or after the name of a sport that is done on the spot."""

_STROKES = str.maketrans("łøıđ", "loid")
_PLAIN, _PLAIN_EACH = regex(r"[^a-z0-9]+"), regex(r"[^a-z0-9|]+")


def _key(text: str) -> str:
    """Letters and digits alone, without accents and case, so that spellings of one word are equal."""
    if text.isascii():
        return _PLAIN.sub("", text.lower())
    folded = unicodedata.normalize("NFKD", text).casefold().translate(_STROKES)
    return "".join(c for c in unicodedata.normalize("NFKD", folded) if c.isalnum())


def _keys(spellings: str) -> list[str]:
    """Keys of spellings with | between them."""
    if spellings.isascii():  # in one go, which takes a tenth of the time
        return _PLAIN_EACH.sub("", spellings.lower()).split("|")
    return [_key(spelling) for spelling in spellings.split("|")]


@lru_cache(1)
def _table() -> dict[str, str]:
    """Spelling as `_key` makes it -> sport."""
    table = {_key(sport): sport for sport in _SPELLINGS}
    for sport, spellings in _SPELLINGS.items():
        for key in _keys(spellings):
            table.setdefault(key, sport)
    table |= {str(code): sport for code, sport in enumerate(_CODES)}
    return table | {"40": "WinterSport", "41": "NordicSki"}


@lru_cache(maxsize=1024)
def sport_name(text: str) -> str:
    """Translate the name of a sport into the vocabulary.

    Parameters
    ----------
    text : str
        A word of Strava (any of its main languages), Garmin, TCX or FIT; a number that Strava writes
        into GPX; or two words of FIT as "sport/sub_sport", of which the more specific one counts.

    Returns
    -------
    str
        A word of `SPORTS`. A text in no list becomes its own CamelCase word, so that it can still be
        filtered for. A text without any letter or digit becomes "Unknown".
    """
    found = _table().get(_key(text))
    if found is None and "/" in text:
        sport, _, sub = text.partition("/")
        known = _table().get(_key(sub))
        if known in VIRTUAL:
            found = virtual_word(sport_name(sport), known)
        else:
            found = sport_name(sport) if known in {None, "Unknown"} else known
    return found or _on_the_spot(_key(text)) or _camel_case(text)


def _on_the_spot(key: str) -> str:
    """Translate "indoor walk" or "treadmill hike". A hall in which one really moves does not change the sport."""
    for mark in _ON_THE_SPOT:
        if key.startswith(mark) or key.endswith(mark):
            sport = _table().get(key.removeprefix(mark) if key.startswith(mark) else key.removesuffix(mark))
            if sport is not None and (mark == "virtual" or sport in VIRTUAL_OF):
                return virtual_word(sport)
            return sport or ""
    return ""


def is_sport(text: str) -> bool:
    """Tell whether a text is a word of the vocabulary, in any of its languages."""
    return _key(text) in _table()


def _camel_case(text: str) -> str:
    words = re.findall(r"[^\W_]+", unicodedata.normalize("NFKC", text))
    joined = "".join(w.capitalize() if w.isupper() else w[0].upper() + w[1:] for w in words)[:60]
    if joined.isdigit():
        return f"Sport{joined}"
    return (joined.capitalize() if joined.isupper() else joined) or "Unknown"
