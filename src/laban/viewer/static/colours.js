// Colours, all from the style sheet, so that light and dark are told in one place.

export const colour = (name) =>
  getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();

const HUES = 4; // persons with a hue of their own; more of them are grey

/** A person's hue: its number in the style sheet. */
export const hue = (person) => (person < HUES ? `person-${person + 1}` : "person-more");

/** Of each joint the colour of the bone that leads to it. */
export function jointColours(skeleton, person) {
  if (skeleton.sided) return skeleton.side.map((side) => colour(`${hue(person)}-${side}`));
  // A hand has no sides: its fingers go from dark to light in their order, the palm is grey.
  const fingers = fingersOf(skeleton);
  return skeleton.part.map((part) => {
    const place = fingers.indexOf(part);
    return place < 0 ? colour("finger-none") : colour(`finger-${(place % 5) + 1}`);
  });
}

export const fingersOf = (skeleton) =>
  skeleton.parts.filter((part) => !/palm|trunk|body/.test(part)).slice(0, 5);

/** The entries of a legend: [words, colours]. */
export function legend(skeleton, persons) {
  if (!skeleton.sided) {
    const fingers = fingersOf(skeleton);
    return fingers.map((finger, place) => [finger, [colour(`finger-${(place % 5) + 1}`)]]);
  }
  return persons.map((person) => [
    persons.length > 1 ? `person ${person + 1}` : "one person",
    [colour(`${hue(person)}-left`), colour(`${hue(person)}-right`)],
  ]);
}
