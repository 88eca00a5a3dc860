//! What may stand in a name: one line that says to the eye all that it says to a machine.
//!
//! Characters that nobody sees make two names of one that look the same. They are refused, but for those that the
//! writing of a language needs: joiners in Indic, Persian and other scripts (UAX #31, section 2.3), and variation
//! selectors, by which Japanese names choose the form of an ideograph.

use icu_properties::props::{
    CanonicalCombiningClass, DefaultIgnorableCodePoint, EmojiModifier, ExtendedPictographic,
    Ideographic, JoiningType, VariationSelector,
};
use icu_properties::{CodePointMapData, CodePointSetData};

const NON_JOINER: char = '\u{200C}';
const JOINER: char = '\u{200D}';

/// Whether `line` is fit for a name: one line, no control characters, no bidirectional controls (UAX #9), nothing
/// invisible.
pub fn is_line(line: &str) -> bool {
    !line.chars().any(is_control) && invisible_in(line).is_none()
}

fn is_control(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{2028}' | '\u{2029}' | '\u{061C}' | '\u{200E}' | '\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}')
}

/// The first character of `line` that nobody sees and that its writing does not need.
pub fn invisible_in(line: &str) -> Option<char> {
    if line.is_ascii() {
        return None;
    }
    let mut characters = line.char_indices();
    let found = characters.find(|(at, c)| {
        let (before, rest) = line.split_at_checked(*at).unwrap_or_default();
        let after = rest.get(c.len_utf8()..).unwrap_or_default();
        match *c {
            c if is_control(c) => false,
            JOINER | NON_JOINER => !is_needed_joiner(before, *c, after),
            c if CodePointSetData::new::<VariationSelector>().contains(c) => {
                !chooses_form(before, c, after)
            }
            // Of the last, the first is the blank of Braille, and the others mark annotations.
            c => {
                CodePointSetData::new::<DefaultIgnorableCodePoint>().contains(c)
                    || matches!(c, '\u{2800}' | '\u{FFF9}'..='\u{FFFB}')
            }
        }
    });
    found.map(|(_, c)| c)
}

/// The number of a character, as in U+200B.
pub fn codepoint(c: char) -> String {
    format!("{:04X}", u32::from(c))
}

/// Whether a joiner between these changes what is seen (UAX #31, section 2.3.1), or makes one emoji of two.
fn is_needed_joiner(before: &str, joiner: char, after: &str) -> bool {
    let is_virama = |c: Option<char>| {
        let class = CodePointMapData::<CanonicalCombiningClass>::new();
        c.is_some_and(|c| class.get(c) == CanonicalCombiningClass::Virama)
    };
    if is_virama(before.chars().next_back()) {
        return true;
    }
    if joiner == NON_JOINER {
        let joining = CodePointMapData::<JoiningType>::new();
        let seen = |kind: &JoiningType| *kind != JoiningType::Transparent;
        let left = before.chars().rev().map(|c| joining.get(c)).find(seen);
        let right = after.chars().map(|c| joining.get(c)).find(seen);
        return matches!(
            left,
            Some(JoiningType::LeftJoining | JoiningType::DualJoining)
        ) && matches!(
            right,
            Some(JoiningType::RightJoining | JoiningType::DualJoining)
        );
    }
    let is_picture = |c: Option<char>| {
        c.is_some_and(|c| CodePointSetData::new::<ExtendedPictographic>().contains(c))
    };
    let is_added = |c: &char| {
        CodePointSetData::new::<VariationSelector>().contains(*c)
            || CodePointSetData::new::<EmojiModifier>().contains(*c)
    };
    let left = before.chars().rev().find(|c| !is_added(c));
    let right = after.chars().next();
    is_virama(right) || is_picture(left) && is_picture(right)
}

/// Whether the character before a variation selector has forms to choose from.
fn chooses_form(before: &str, selector: char, after: &str) -> bool {
    let Some(of) = before.chars().next_back() else {
        return false;
    };
    let is_ideograph = CodePointSetData::new::<Ideographic>().contains(of);
    match selector {
        '\u{180B}'..='\u{180F}' => matches!(of, '\u{1820}'..='\u{18AA}'),
        '\u{FE0E}' | '\u{FE0F}' => {
            // A key of a telephone is a digit with a frame around it.
            let is_key = matches!(of, '#' | '*' | '0'..='9') && after.starts_with('\u{20E3}');
            is_key
                || is_ideograph
                || CodePointSetData::new::<ExtendedPictographic>().contains(of)
                || CodePointSetData::new::<EmojiModifier>().contains(of)
        }
        _ => is_ideograph,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn direction_marks_and_line_breaks_are_no_part_of_a_name() {
        assert!(is_line("Grenoble-Alpes Métropole 都市圏"));
        for bad in ["a\nb", "a\u{202E}b", "a\u{2066}b", "a\u{200F}b", "tab\tb"] {
            assert!(!is_line(bad), "{bad:?}");
        }
    }

    #[test]
    fn what_nobody_sees_is_no_part_of_a_name() {
        for hidden in [
            '\u{00AD}',
            '\u{034F}',
            '\u{115F}',
            '\u{17B4}',
            '\u{180E}',
            '\u{200B}',
            '\u{2060}',
            '\u{2064}',
            '\u{206A}',
            '\u{2800}',
            '\u{3164}',
            '\u{FEFF}',
            '\u{FFA0}',
            '\u{FFF9}',
            '\u{E0001}',
            '\u{E0079}',
            '\u{FE0F}',
            '\u{E0100}',
            '\u{180B}',
            NON_JOINER,
            JOINER,
        ] {
            for name in [
                format!("Yoko{hidden}hama"),
                format!("{hidden}Yokohama"),
                format!("Yokohama{hidden}"),
                format!("横浜 {hidden}市"),
            ] {
                assert_eq!(invisible_in(&name), Some(hidden), "{name:?}");
            }
        }
    }

    #[test]
    fn what_a_script_needs_stays() {
        for name in [
            // Persian: the parts of a word that are not joined.
            "شهرداری می\u{200C}خواهد",
            // Hindi and Bengali: forms of letters; Malayalam: one at the end of a word.
            "क्\u{200D}ष और क्\u{200C}ष",
            "র\u{200D}\u{9CD}যাব",
            "അവന്\u{200D}",
            // The cities of Katsuragi and Gion, with the ideographs that they chose.
            "葛\u{E0100}城市と祇\u{E0101}園",
            // Mongolian, and pictures.
            "ᠬ\u{180B}ᠣᠲᠠ",
            "🚲️ and 👩🏽\u{200D}🚒 and 👩\u{200D}❤\u{FE0F}\u{200D}👩 and 1\u{FE0F}\u{20E3}",
            "Umeå　ウメオ・カマクラ",
        ] {
            assert_eq!(invisible_in(name), None, "{name:?}");
            assert!(is_line(name), "{name:?}");
        }
        for deceiving in [
            "ش\u{200C}",
            "ا\u{200C}ب",
            "می\u{200C}\u{200C}خواهد",
            "ab\u{200D}🚒",
            "1\u{FE0F}",
        ] {
            assert!(!is_line(deceiving), "{deceiving:?}");
        }
    }
}
