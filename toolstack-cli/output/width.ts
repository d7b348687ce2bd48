/** How wide a terminal shows a text: apart, because its tables are loaded only where they count. */

export { default as widthOf } from 'string-width';
