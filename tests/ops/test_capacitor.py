"""The phones' projects, as their build tools read them: what they keep, may ask for, and answer to."""

import json
import plistlib
import re
from pathlib import Path
from xml.etree import ElementTree as ET

from relay.http.headers import CONTENT_SECURITY_POLICY

ROOT = Path(__file__).parents[2]
ANDROID = ROOT / "capacitor/android/app/src"
IOS = ROOT / "capacitor/ios/App/App"
PROJECT = ROOT / "capacitor/ios/App/App.xcodeproj/project.pbxproj"
NAME = "{http://schemas.android.com/apk/res/android}"
TOOLS = "{http://schemas.android.com/tools}"


def read(path: str) -> ET.Element:
    return ET.parse(ANDROID / path).getroot()


def test_android_keeps_what_it_has_on_the_device() -> None:
    application = read("main/AndroidManifest.xml").find("application")
    assert application is not None
    assert application.get(f"{NAME}allowBackup") == "false"
    assert application.get(f"{NAME}fullBackupContent") == "false"
    assert application.get(f"{NAME}dataExtractionRules") == "@xml/data_extraction_rules"
    rules = read("main/res/xml/data_extraction_rules.xml")
    everything = {"root", "file", "database", "sharedpref", "external"}
    for way in ("cloud-backup", "device-transfer"):
        section = rules.find(way)
        assert section is not None
        assert {one.get("domain") for one in section.findall("exclude")} == everything
        assert not section.findall("include")
    # Other apps are handed files of one folder, and only those that a person shares.
    paths = read("main/res/xml/file_paths.xml")
    assert [(one.tag, one.get("path")) for one in paths] == [("cache-path", "shared/")]


def test_android_asks_for_network_camera_and_microphone_and_opens_codes() -> None:
    manifest = read("main/AndroidManifest.xml")
    asked, removed = set(), set()
    for one in manifest.findall("uses-permission"):
        (removed if one.get(f"{TOOLS}node") == "remove" else asked).add(str(one.get(f"{NAME}name")))
    rights = {"INTERNET", "CAMERA", "RECORD_AUDIO", "MODIFY_AUDIO_SETTINGS"}
    assert asked == {f"android.permission.{right}" for right in rights}
    # Of the plugin for notices: rights to show one later, which nothing uses.
    rights = {"SCHEDULE_EXACT_ALARM", "RECEIVE_BOOT_COMPLETED", "WAKE_LOCK"}
    assert removed == {f"android.permission.{right}" for right in rights}
    features = {
        one.get(f"{NAME}name"): one.get(f"{NAME}required") for one in manifest.findall("uses-feature")
    }
    assert features == {f"android.hardware.{one}": "false" for one in ("camera", "microphone")}
    schemes = [one.get(f"{NAME}scheme") for one in manifest.iter("data")]
    strings = {one.get("name"): one.text for one in read("main/res/values/strings.xml")}
    assert schemes == ["@string/custom_url_scheme"]
    assert strings["custom_url_scheme"] == "sealstream"
    exported = [one for one in manifest.iter() if one.get(f"{NAME}exported") == "true"]
    assert [one.get(f"{NAME}name") for one in exported] == [".MainActivity"]


def test_nothing_goes_out_in_clear_except_to_a_developers_own_machine() -> None:
    application = read("main/AndroidManifest.xml").find("application")
    assert application is not None
    assert application.get(f"{NAME}usesCleartextTraffic") == "false"
    assert application.get(f"{NAME}networkSecurityConfig") == "@xml/network_security_config"
    released = read("main/res/xml/network_security_config.xml")
    assert [one.get("cleartextTrafficPermitted") for one in released.iter() if one.tag != "certificates"] == [
        None,
        "false",
        None,
    ]
    debugged = read("debug/res/xml/network_security_config.xml")
    assert {one.text for one in debugged.iter("domain")} == {"localhost", "127.0.0.1"}
    transport = plist()["NSAppTransportSecurity"]
    assert transport == {"NSExceptionDomains": {"localhost": {"NSExceptionAllowsInsecureHTTPLoads": True}}}


def plist() -> dict[str, object]:
    return dict(plistlib.loads((IOS / "Info.plist").read_bytes()))


def test_ios_says_why_it_asks_and_opens_codes() -> None:
    info = plist()
    assert "camera" in str(info["NSCameraUsageDescription"])
    assert "microphone" in str(info["NSMicrophoneUsageDescription"])
    assert "Face ID" in str(info["NSFaceIDUsageDescription"])
    types = info["CFBundleURLTypes"]
    assert isinstance(types, list)
    assert [one["CFBundleURLSchemes"] for one in types] == [["sealstream"]]


def test_every_native_text_stands_in_both_languages() -> None:
    german = (IOS / "de.lproj/InfoPlist.strings").read_text("utf-8")
    without_comments = re.sub(r"/\*.*?\*/", "", german, flags=re.DOTALL)
    pair = r'"(\w+)" = "((?:[^"\\]|\\.)+)";\s*'
    assert re.fullmatch(rf"\s*(?:{pair})*", without_comments)
    texts = dict(re.findall(pair, without_comments))
    english = {key: text for key, text in plist().items() if key.endswith("UsageDescription")}
    assert texts.keys() == english.keys()
    assert all(texts[key] != english[key] for key in texts)
    # Xcode copies what the project names.
    project = PROJECT.read_text("utf-8")
    languages = {folder.name.removesuffix(".lproj") for folder in IOS.glob("*.lproj")}
    regions = re.search(r"knownRegions = \(([^)]*)\)", project)
    assert regions
    assert {*re.findall(r"\w+", regions[1])} == languages | {"en"}

    # Android takes the default folder's text where a language has none.
    translatable = {
        one.get("name"): one.text
        for one in read("main/res/values/strings.xml")
        if one.get("translatable") != "false"
    }
    german_texts = {one.get("name"): one.text for one in read("main/res/values-de/strings.xml")}
    assert translatable
    assert german_texts.keys() == translatable.keys()
    assert all(german_texts[name] != translatable[name] for name in translatable)


def test_both_apps_have_the_version_of_the_client() -> None:
    version = json.loads((ROOT / "client-web/package.json").read_text("utf-8"))["version"]
    gradle = (ANDROID.parent / "build.gradle").read_text("utf-8")
    assert re.findall(r'versionName "(.*)"', gradle) == [version]
    assert set(re.findall(r"MARKETING_VERSION = (.*);", PROJECT.read_text("utf-8"))) == {version}


def test_both_apps_have_one_id_and_one_name() -> None:
    config = (ROOT / "capacitor/capacitor.config.js").read_text("utf-8")
    ids = re.findall(r"appId: '(.*)'", config)
    gradle = (ANDROID.parent / "build.gradle").read_text("utf-8")
    assert re.findall(r'applicationId "(.*)"', gradle) == ids
    assert set(re.findall(r"PRODUCT_BUNDLE_IDENTIFIER = (.*);", PROJECT.read_text("utf-8"))) == {*ids}
    names = re.findall(r"appName: '(.*)'", config)
    strings = {one.get("name"): one.text for one in read("main/res/values/strings.xml")}
    assert [strings["app_name"], plist()["CFBundleDisplayName"]] == names * 2


def test_every_picture_that_ios_names_is_there() -> None:
    for contents in (IOS / "Assets.xcassets").glob("*/Contents.json"):
        pictures = json.loads(contents.read_text("utf-8"))["images"]
        assert all((contents.parent / one["filename"]).is_file() for one in pictures)


def test_every_resource_that_android_names_is_there() -> None:
    named = set()
    for file in (ANDROID / "main").rglob("*.xml"):
        for element in ET.parse(file).getroot().iter():
            named |= {text for text in [*element.attrib.values(), element.text or ""] if text.startswith("@")}
    kinds = {"xml", "mipmap", "drawable"}
    for reference in named:
        kind, _, name = reference.removeprefix("@").partition("/")
        if kind in kinds:
            assert list((ANDROID / "main/res").glob(f"{kind}*/{name}.*")), reference


def test_the_page_carries_the_policy_that_the_relay_sends() -> None:
    """`frame-ancestors` has no meaning inside a page."""
    page = json.loads((ROOT / "client-web/policy.json").read_text("utf-8"))
    written = "; ".join(f"{name} {sources}" for name, sources in page.items())
    assert f"{written}; frame-ancestors 'none'" == CONTENT_SECURITY_POLICY
