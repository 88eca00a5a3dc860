//! Colours of the picture: tints of the goals' official colours, and text that can be read on them.

/// A colour, by red, green and blue.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Colour([u8; 3]);

impl Colour {
    /// What text is written in.
    pub const INK: Self = Self([0x1F, 0x29, 0x37]);
    /// What is told beside the numbers.
    pub const QUIET: Self = Self([0x4B, 0x55, 0x63]);
    /// A cell in which nothing is counted.
    pub const BLANK: Self = Self([0xF1, 0xF3, 0xF5]);
    /// What the legend shows its tints in.
    pub const NEUTRAL: Self = Self([0x47, 0x55, 0x69]);
    const WHITE: Self = Self([0xFF; 3]);

    /// Reads `#FD9D24`; anything else is neutral.
    pub fn read(text: &str) -> Self {
        let number = text.strip_prefix('#').filter(|digits| digits.len() == 6);
        let number = number.and_then(|digits| u32::from_str_radix(digits, 16).ok());
        number.map_or(Self::NEUTRAL, |number| {
            let [_, red, green, blue] = number.to_be_bytes();
            Self([red, green, blue])
        })
    }

    /// A tint: this colour on white, from 0 to 1.
    pub fn tint(self, strength: f64) -> Self {
        Self(self.0.map(|part| {
            let mixed = 255.0 - (255.0 - f64::from(part)) * strength;
            #[expect(
                clippy::cast_possible_truncation,
                clippy::cast_sign_loss,
                reason = "between 0 and 255"
            )]
            let rounded = mixed.clamp(0.0, 255.0).round() as u8;
            rounded
        }))
    }

    /// The colour of text that can be read on this one: white or ink, whichever stands out more.
    pub fn text(self) -> Self {
        if self.contrast(Self::WHITE) >= self.contrast(Self::INK) {
            Self::WHITE
        } else {
            Self::INK
        }
    }

    /// How much two colours stand out from each other, 1 to 21 (WCAG 2.2, contrast ratio).
    pub fn contrast(self, other: Self) -> f64 {
        let (one, other) = (self.luminance(), other.luminance());
        (one.max(other) + 0.05) / (one.min(other) + 0.05)
    }

    /// How bright it is, 0 to 1 (WCAG 2.2, relative luminance).
    fn luminance(self) -> f64 {
        let [red, green, blue] = self.0.map(|part| {
            let part = f64::from(part) / 255.0;
            if part <= 0.040_45 {
                part / 12.92
            } else {
                ((part + 0.055) / 1.055).powf(2.4)
            }
        });
        0.2126 * red + 0.7152 * green + 0.0722 * blue
    }
}

impl std::fmt::Display for Colour {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let [red, green, blue] = self.0;
        write!(f, "#{red:02X}{green:02X}{blue:02X}")
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_colour_is_read_and_written_and_nonsense_is_neutral() {
        assert_eq!(Colour::read("#FD9D24").to_string(), "#FD9D24");
        assert_eq!(Colour::read("red\"/><script>"), Colour::NEUTRAL);
        assert_eq!(Colour::read("#000000").tint(0.5).to_string(), "#808080");
    }

    proptest! {
        #[test]
        fn text_can_be_read_on_every_colour(red: u8, green: u8, blue: u8) {
            let colour = Colour([red, green, blue]);
            prop_assert!(colour.contrast(colour.text()) >= 3.8);
        }
    }
}
