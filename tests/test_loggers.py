"""What loggers alone have: sentences and their checksums, dates over midnight, flights, hemispheres, old datums."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pytest
from format_samples import COUNT, SAMPLES, TIME, sentence, sirf

import heatlas
from heatlas.core.errors import Unreadable
from heatlas.sources.formats.loggers.dates import day_number, days_of, in_present
from heatlas.sources.formats.loggers.igc import read_igc
from heatlas.sources.formats.loggers.nmea import read_nmea
from heatlas.sources.formats.loggers.plt import read_plt
from heatlas.sources.formats.loggers.rows import read_logger_table
from heatlas.sources.formats.loggers.sirf import read_sbn
from heatlas.sources.sniff import kind

PLACE = "4730.0000,N,01100.0000,E"


def gga(clock, place=PLACE, quality=1, elevation=500):
    return sentence(f"GPGGA,{clock},{place},{quality},08,1.1,{elevation},M,46.0,M,,")


def rmc(clock, date, place=PLACE, status="A", talker="GP", speed="10.00"):
    return sentence(f"{talker}RMC,{clock},{status},{place},{speed},60.0,{date},,")


def zda(clock, day, month, year):
    return sentence(f"GPZDA,{clock},{day:02d},{month:02d},{year},00,00")


def nmea(*lines):
    (recording,) = read_nmea("".join(lines).encode(), "a.nmea")
    return recording


def at(year, month, day, hour=0, minute=0, second=0.0):
    return dt.datetime(year, month, day, hour, minute, tzinfo=dt.UTC).timestamp() + second


# NMEA.


def test_sentences_of_one_moment_are_one_fix():
    held = nmea(gga("080000.25"), rmc("080000.25", "040524"), gga("080001.25"), rmc("080001.25", "040524"))
    assert held.time.tolist() == [at(2024, 5, 4, 8, 0, 0.25), at(2024, 5, 4, 8, 0, 1.25)]
    assert held.columns["elevation"].tolist() == [500, 500]
    assert held.columns["speed"] == pytest.approx([5.1444, 5.1444], abs=1e-4)


def test_every_talker_and_kind():
    for talker in ("GP", "GN", "GL", "GA", "II", "IN", "BD"):
        held = nmea(rmc("080000", "040524", talker=talker))
        assert held.lat.tolist() == [47.5]
    assert nmea(sentence(f"GNGNS,080000.00,{PLACE},AAN,12,0.9,501.2,46.0,,")).lon.tolist() == [11.0]
    assert nmea(sentence(f"GPGLL,{PLACE},080000.00,A,A")).lat.tolist() == [47.5]
    assert nmea(sentence(f"PMGNTRK,{PLACE},01640,F,080000.00,A,,040524")).columns["elevation"] == pytest.approx(499.872)


def test_speed_of_vtg_where_there_is_no_rmc():
    held = nmea(gga("080000"), sentence("GPVTG,60.0,T,,M,10.0,N,18.5,K"), zda("080000", 4, 5, 2024))
    assert held.columns["speed"] == pytest.approx([18.5 / 3.6])


def test_dates_hold_over_midnights_and_backwards():
    """The date stands after some fixes, and two midnights follow: as a night's log of GGA with one RMC has it."""
    clocks = ["220000", "230000", "000000", "120000", "235959", "000001"]
    lines = [gga(clock) for clock in clocks]
    lines.insert(2, rmc("230000", "040524"))
    expected = [(4, 22), (4, 23), (5, 0), (5, 12), (5, 23, 59, 59), (6, 0, 0, 1)]
    assert nmea(*lines).time.tolist() == [at(2024, 5, *each) for each in expected]


def test_a_date_after_a_pause_of_days_counts_from_its_moment():
    held = nmea(gga("100000"), rmc("100000", "040524"), gga("110000"), rmc("110000", "090524"))
    assert held.time.tolist() == [at(2024, 5, 4, 10), at(2024, 5, 9, 11)]


def test_without_a_date_the_track_has_no_times():
    held = nmea(gga("080000"), gga("080001", "4730.1000,N,01100.1000,E"))
    assert np.isnan(held.time).all()
    assert len(held.lat) == 2
    assert "no date" in held.warnings[0]


def test_dates_before_the_satellites_are_moved_and_told():
    """1,024 weeks before 4 May 2024 is 18 September 2004: believed of GPS, not of Galileo; 1990 is never believed."""
    assert nmea(rmc("080000", "180904")).time.tolist() == [at(2004, 9, 18, 8)]
    held = nmea(rmc("080000", "180904"), rmc("080001", "180904", talker="GA"))
    assert held.time[0] == at(2024, 5, 4, 8)
    assert "1,024 weeks" in held.warnings[0]
    assert "2004-09-18" in held.warnings[0]
    days, told = in_present(np.array([day_number(1990, 1, 20), np.nan, day_number(2024, 5, 4)]))
    assert days[0] == day_number(2009, 9, 5)
    assert days[2] == day_number(2024, 5, 4)
    assert told


def test_years_of_two_digits():
    assert day_number(98, 8, 7) == day_number(1998, 8, 7)
    assert day_number(24, 5, 4) == day_number(2024, 5, 4)
    assert np.isnan(day_number(2023, 2, 29))


def test_a_clock_without_reception_is_not_believed():
    """A receiver that was never set says 6 January 1980, or anything, before its first fix."""
    blank = sentence("GPRMC,000010,V,,,,,,,050180,,")
    held = nmea(blank, rmc("080000", "040524"), gga("080001"))
    known = ~np.isnan(held.lat)
    assert held.time[known].tolist() == [at(2024, 5, 4, 8), at(2024, 5, 4, 8, 0, 1)]


def test_fixes_without_reception_have_no_position():
    held = nmea(gga("080000", quality=0), rmc("080001", "040524", status="V"), rmc("080002", "040524"))
    assert np.isnan(held.lat).tolist() == [True, True, False]


def test_wrong_checksums():
    good = [rmc(f"0800{k:02d}", "040524") for k in range(10)]
    bad = rmc("080030", "040524").replace("4730", "4830")
    held = nmea(*good, bad)
    assert (len(held.lat), set(held.lat)) == (10, {47.5})
    assert held.warnings == ("1 sentence with a wrong checksum is left out",)
    held = nmea(*(line.partition("*")[0] + "*00\n" for line in good))
    assert len(held.lat) == 10
    assert "most checksums are wrong (10 of 10)" in held.warnings[0]
    held = nmea(*good, good[0].replace("080000", "080040")[:27])
    assert len(held.lat) == 10, "a sentence that is cut off states nothing"
    assert held.warnings == ("1 sentence without a checksum is left out",)
    assert len(nmea(*(line.partition("*")[0] + "\n" for line in good)).lat) == 10, "nor need there be any"


def test_text_between_sentences_and_before_them():
    lines = ["Log of a boat, written by hand\r\n\r\n"]
    for k in range(30):
        lines.append(f"2024-05-04 10:00:{k:02d} rx: {rmc(f'0800{k:02d}', '040524')}")
        lines.append("!AIVDM,1,1,,A,13HOI:0P0000VOHLCnHQKwvL05Ip,0*23\n")
        lines.append("$PUBX,00,junk*00\r\n")
    data = "".join(lines).encode()
    assert kind(data) == "nmea"
    (held,) = read_nmea(data, "a")
    assert len(held.lat) == 30


def test_other_encodings():
    plain = "".join(rmc(f"0800{k:02d}", "040524") for k in range(20))
    for encoding in ("utf-16", "utf-16-le", "utf-16-be", "utf-8-sig", "utf-32"):
        data = plain.encode(encoding)
        assert kind(data[:4096]) == "nmea", encoding
        assert len(read_nmea(data, "a")[0].lat) == 20, encoding


def test_pages_and_programs_that_quote_sentences_are_no_recordings():
    line = rmc("080000", "040524")
    for text in (
        f"<html><body>{line}</body></html>",
        f'{{"raw": "{line.strip()}"}}',
        f"# NMEA\n\nSuch as\n\n{line}\n" + "Text follows.\n" * 9,
    ):
        assert kind(text.encode()) != "nmea", text


def test_what_holds_no_position_says_why():
    for text, why in (
        (sentence("GPWPL,4730.0,N,01100.0,E,HOME"), "waypoints"),
        ("!AIVDM,1,1,,A,13HOI:0P0000VOHLCnHQKwvL05Ip,0*23\n", "AIS"),
        (sentence("GPGSV,1,1,01,28,64,316,40"), "without a position"),
    ):
        with pytest.raises(Unreadable, match=why):
            read_nmea(text.encode(), "a")


def test_sentences_that_a_buffer_mixed_up_are_in_order():
    held = nmea(rmc("080000", "040524"), rmc("080002", "040524"), gga("080001"), gga("080002"))
    assert np.diff(held.time).tolist() == [1, 1]


def test_nmea_as_another_reader_has_it():
    pynmea2 = pytest.importorskip("pynmea2")
    data = SAMPLES["nmea"].data
    messages = [pynmea2.parse(line) for line in data.decode().split()]
    places = [(m.longitude, m.latitude) for m in messages if m.sentence_type == "RMC"]
    (held,) = read_nmea(data, "a")
    assert np.abs(np.column_stack([held.lon, held.lat]) - places).max() < 1e-9
    moments = [m.datetime.replace(tzinfo=dt.UTC).timestamp() for m in messages if m.sentence_type == "RMC"]
    assert held.time.tolist() == moments


def test_a_log_longer_than_a_piece():
    """Pieces of 4 MB are read one after the other: nothing is lost between them."""
    place = [f"47{k // 1000 % 60:02d}.{k % 1000:03d}0,N,01100.0000,E" for k in range(86_400)]
    lines = (rmc(f"{k // 3600:02d}{k // 60 % 60:02d}{k % 60:02d}", "040524", place[k]) for k in range(86_400))
    held = nmea(*lines)
    assert len(held.lat) == 86_400
    assert (np.diff(held.time) == 1).all()


def test_days_of_times_of_day():
    seconds = np.array([86_000.0, 10, 60_000, 59_990, 86_399, 0, 86_398])
    dated = np.array([np.nan, np.nan, 100, np.nan, np.nan, np.nan, np.nan])
    assert days_of(seconds, dated).tolist() == [99, 100, 100, 100, 100, 101, 100]
    assert np.isnan(days_of(seconds, np.full(7, np.nan))).all()


# IGC.


def igc(*lines, head=("AXXX001", "HFDTE040524")):
    (recording,) = read_igc("\r\n".join((*head, *lines, "")).encode(), "a.igc")
    return recording


def test_igc_dates_in_both_spellings_and_over_midnight():
    for date in ("HFDTE040524", "HFDTEDATE:040524,01", "HFDTEDATE: 040524", "HODTE040524"):
        held = igc("B2359594730000N01100000EA0050000510", "B0000014730000N01100000EA0050000510", head=("AXXX001", date))
        assert held.time.tolist() == [at(2024, 5, 4, 23, 59, 59), at(2024, 5, 5, 0, 0, 1)], date
    held = igc("B2359594730000N01100000EA0050000510", "HFDTE050524", "B0000014730000N01100000EA0050000510")
    assert held.time[1] == at(2024, 5, 5, 0, 0, 1), "a date that is stated again after midnight"
    held = igc("B0800004730000N01100000EA0050000510", head=("AXXX001",))
    assert np.isnan(held.time).all()
    assert "no date" in held.warnings[0]


def test_igc_elevations():
    """Of the satellites; of the pressure where a recorder has no others."""
    three = igc(
        "B0800004730000N01100000EA0050000510",
        "B0800014730000N01100000EV0050100000",
        "B0800024730000N01100000EA-010000520",
    )
    assert np.array_equal(three.columns["elevation"], np.float32([510, np.nan, 520]), equal_nan=True)
    barometer = igc("B0800004730000N01100000EA0050000000", "B0800014730000N01100000EA-001200000")
    assert barometer.columns["elevation"].tolist() == [500, -12]


def test_igc_hemispheres_and_extensions():
    held = igc("I053636TDS3739LAD4042LOD4345GSP4648OAT", "B0800003354000S05112000WA00500005105123456054-05")
    assert held.lat[0] == pytest.approx(-(33 + 54.000123 / 60), abs=1e-12)
    assert held.lon[0] == pytest.approx(-(51 + 12.000456 / 60), abs=1e-12)
    assert held.time[0] == at(2024, 5, 4, 8, 0, 0.5)
    assert held.columns["speed"] == pytest.approx(54 / 3.6)
    assert held.columns["temperature"] == -5


@pytest.mark.parametrize(
    ("facts", "sport"),
    [
        (["HFGTYGLIDERTYPE:Discus 2c", "HFCCLCOMPETITIONCLASS:18-meter"], "Gliding"),
        (["HFGTYGLIDERTYPE:Schleicher ASH-25"], "Gliding"),
        (["HFGTYGLIDERTYPE:Ozone Rush 5", "HFCCLCOMPETITIONCLASS:FAI-3 (PG)"], "Paragliding"),
        (["HFGTYGLIDERTYPE:Paraglider Advance Sigma"], "Paragliding"),
        (["HFGTYGLIDERTYPE:Hang glider Litespeed"], "HangGliding"),
        (["HFGTYGLIDERTYPE:Cessna 172"], "Flying"),
        ([], "Flying"),
    ],
)
def test_igc_sports(facts, sport):
    held = igc("B0800004730000N01100000EA0050000510", head=("AXXX001", "HFDTE040524", *facts))
    assert held.activity.sport == sport


def test_igc_facts():
    head = (
        "ALXV66G",
        "HFDTE040524",
        "HFPLTPILOT:Jane Roe",
        "HFGTYGLIDERTYPE:Discus 2c",
        "HFFTYFRTYPE:LXNAV,LX8080",
        "HFTZNTIMEZONE:-5.0",
    )
    activity = igc("B0800004730000N01100000EA0050000510", head=head).activity
    assert (activity.gear, activity.device, activity.utc_offset) == ("Discus 2c", "LXNAV,LX8080", -18_000)
    assert "Jane" not in repr(activity), "the pilot is nobody's business"


def test_igc_as_another_reader_has_it():
    aerofiles = pytest.importorskip("aerofiles")
    import io

    data = SAMPLES["igc"].data
    theirs = aerofiles.igc.Reader().read(io.StringIO(data.decode().replace("\r\n", "\n")))["fix_records"][1]
    (held,) = read_igc(data, "a")
    assert len(theirs) == COUNT
    # It does not read the further digits.
    assert np.abs(held.lat - [fix["lat"] for fix in theirs]).max() < 1.7e-5
    assert np.abs(held.lon - [fix["lon"] for fix in theirs]).max() < 1.7e-5
    assert held.time.tolist() == [fix["datetime"].timestamp() for fix in theirs]
    assert held.columns["elevation"].tolist() == [fix["gps_alt"] for fix in theirs]


# PLT.

OZI = (
    "OziExplorer Track Point File Version 2.1\r\nWGS 84\r\nAltitude is in Feet\r\nReserved 3\r\n"
    "0,2,255,Über,0,0,2,8421376\r\n3\r\n"
)


def test_ozi_sections_elevations_and_names():
    rows = (
        "  47.5, 11.0,1, 1000.0,45416.3333333, 04-May-24, 08:00:00\r\n"
        "  47.6, 11.1,0,-777,45416.3333449,,\r\n"
        "  47.7, 11.2,1,,,,\r\n"
    )
    (held,) = read_plt((OZI + rows).encode("cp1252"), "a.plt")
    assert held.activity.name == "Über"
    assert held.segments.tolist() == [0, 2]
    assert np.array_equal(held.columns["elevation"], np.float32([304.8, np.nan, np.nan]), equal_nan=True)
    assert held.time[:2].tolist() == [at(2024, 5, 4, 8), at(2024, 5, 4, 8, 0, 1)]
    assert np.isnan(held.time[2])
    assert not held.warnings


def test_geolife():
    data = (
        b"Geolife trajectory\r\nWGS 84\r\nAltitude is in Feet\r\nReserved 3\r\n0,2,255,My Track,0,0,2,8421376\r\n0\r\n"
        b"39.906631,116.385564,0,492,40097.5864583333,2009-10-11,14:04:30\r\n"
        b"39.906554,116.385625,0,492,40097.5865162037,2009-10-11,14:04:35\r\n"
    )
    assert kind(data) == "plt"
    (held,) = read_plt(data, "a.plt")
    assert held.time.tolist() == [at(2009, 10, 11, 14, 4, 30), at(2009, 10, 11, 14, 4, 35)]
    assert held.activity.name == ""


def test_another_datum_is_told():
    rows = "  47.5, 11.0,1, 1000.0,45416.3333333,,\r\n"
    (held,) = read_plt((OZI.replace("WGS 84", "Potsdam Rauenberg DHDN") + rows).encode("cp1252"), "a.plt")
    assert "Potsdam" in held.warnings[0]


# Tables of loggers.


def test_hemispheres_in_columns_and_in_cells():
    mtk = (
        "INDEX,RCR,DATE,TIME,VALID,LATITUDE,N/S,LONGITUDE,E/W,HEIGHT,SPEED,DISTANCE,\n"
        "1,T,2024/05/04,08:00:00.500,SPS,33.9,S,51.2,W,30.000 m,3.600 km/h,1.00 m,\n"
        "2,T,2024/05/04,08:00:01.500,No fix,33.9,S,51.2,W,30.000 m,3.600 km/h,1.00 m,\n"
    )
    (held,) = read_logger_table(mtk.encode(), "a.csv")
    assert (held.lon[0], held.lat[0], held.time[0]) == (-51.2, -33.9, at(2024, 5, 4, 8, 0, 0.5))
    assert held.columns["speed"].tolist() == [1, 1]
    assert np.isnan(held.lat[1]), "a row without a fix repeats the last position"
    bare = mtk.replace("m,\n", "m\n")
    assert kind(bare.encode()) == "mtk", "i-Blue ends the header with a comma, and rows without"
    assert len(read_logger_table(bare.encode(), "a.csv")[0].lat) == 2
    columbus = (
        "INDEX,TAG,DATE,TIME,LATITUDE N/S,LONGITUDE E/W,HEIGHT,SPEED,HEADING\n"
        "1,T,240504,080000,33.900000S,051.200000W,30,36,0\n2,V,240504,080001,33.900010N,051.200010E,30,36,0\n"
    )
    (held,) = read_logger_table(columbus.encode(), "a.csv")
    assert held.lon.tolist() == [-51.2, 51.20001]
    assert held.lat.tolist() == [-33.9, 33.90001]
    assert held.columns["speed"].tolist() == [10, 10]


def test_local_time_beside_utc():
    text = (
        "INDEX,RCR,UTC DATE,UTC TIME,LOCAL DATE,LOCAL TIME,VALID,LATITUDE,N/S,LONGITUDE,E/W,HEIGHT(m),SPEED(km/h)\n"
        "1,T,2024/05/04,22:30:00,2024/05/05,00:30:00,SPS,47.5,N,11.0,E,30,36\n"
    )
    assert kind(text.encode()) == "mtk"
    (held,) = read_logger_table(text.encode(), "a.csv")
    assert held.time.tolist() == [at(2024, 5, 4, 22, 30)]
    assert held.activity.utc_offset == 7200
    assert held.columns["elevation"].tolist() == [30]


def test_a_table_of_a_logger_is_a_line_or_points_as_asked(tmp_path):
    path = tmp_path / "log.csv"
    path.write_bytes(SAMPLES["mtk"].data)
    assert heatlas.inspect(path)["activities"] == 1
    assert heatlas.inspect(path, lat="LATITUDE", lon="LONGITUDE")["points"] == COUNT


# Binary logs.


def test_damaged_messages_are_left_out():
    data = SAMPLES["sbn"].data
    whole = len(sirf(bytes(91)))
    at_third = len(data) - 58 * whole + 20
    damaged = data[:at_third] + bytes([data[at_third] ^ 0xFF]) + data[at_third + 1 :]
    (held,) = read_sbn(damaged, "a")
    assert len(held.lat) == COUNT - 1
    assert held.warnings == ("1 message is damaged, and left out",)
    assert set(held.time) < set(TIME)


# What loggers write beside positions.


def test_heart_rates_without_positions_are_named(tmp_path):
    path = tmp_path / "24050401.hrm"
    path.write_text("[Params]\nVersion=106\nMonitor=1\nSMode=110000000\nDate=20240504\n\n[HRData]\n90\n91\n92\n")
    report = heatlas.inspect(tmp_path)
    (item,) = report["files"]["skipped"]
    assert "heart rates of a Polar monitor" in item["reason"]
