/** The parser's events, for those who put documents together in other types than JSON's. */
export { COLLECTION_STYLE, EVENT_ID, type Event, getScalarValue, SCALAR_STYLE, type ScalarEvent } from 'js-yaml'
