import { describe, expect, it } from 'vitest'
import { formatFloat32, parseNumber } from '../../src/yaml/number.ts'
import { plainKey, plainValue, resolveTagged } from '../../src/yaml/scalar.ts'

/** Every row below was compared with sigs.k8s.io/yaml 1.6 over goyaml 2.4.3. */
describe('plain scalars beyond the golden table', () => {
  it.each([
    ['0b-1', -1],
    ['0b+11', 3],
    ['0B1', 1],
    ['0X1f', 31],
    ['0O7', 7],
    ['-0b11', -3],
    ['-0b-1', '-0b-1'],
    ['+0x1F', 31],
    ['0b', '0b'],
    ['0x', '0x'],
    ['00', 0],
    ['0_7', 7],
    ['+.5', 0.5],
    ['-.5e1', -5],
    ['1e-400', 0],
    ['-1e400', '-1e400'],
    ['.1_0', 0.1],
    ['._1', '._1'],
    ['.1_', '.1_'],
    ['.5e999', '.5e999'],
    ['.', '.'],
    ['-', '-'],
    ['+', '+'],
    ['.e1', '.e1'],
    ['1.2.3', '1.2.3'],
    ['1,000', '1,000'],
    ['0777777777777777777777777', 7.777777777777778e23],
    ['9223372036854775807', Number('9223372036854775807')],
    ['+9223372036854775808', Number('9223372036854775808')],
    ['-9223372036854775809', Number('-9223372036854775809')],
    ['0xffffffffffffffff', Number('18446744073709551615')],
    ['0x10000000000000000', '0x10000000000000000'],
    ['-0.0', -0],
    ['-0', 0],
    ['nULL', 'nULL'],
    ['oN', 'oN'],
    ['1 2', '1 2'],
    ['٣', '٣'],
    ['Infinity', 'Infinity'],
    ['NaN', 'NaN'],
  ])('%s is %j', (text, value) => expect(plainValue(text)).toBe(value))

  it('is fast to see that a long run of digits is not an integer', () => {
    const started = performance.now()
    expect(plainValue(`0x${'f'.repeat(1_000_000)}`)).toHaveLength(1_000_002)
    expect(parseNumber('9'.repeat(1_000_000))).toBeUndefined()
    expect(performance.now() - started).toBeLessThan(1000)
  })
})

describe('plain scalars as keys', () => {
  it.each([
    ['1', '1'],
    ['0x10', '16'],
    ['1_000', '1000'],
    ['9007199254740993', '9007199254740993'],
    ['-9223372036854775808', '-9223372036854775808'],
    ['yes', 'true'],
    ['Off', 'false'],
    ['1.5', '1.5'],
    ['1e6', '1e+06'],
    ['100000.0', '100000'],
    ['1e-5', '1e-05'],
    ['0.0001', '0.0001'],
    ['0.1234567890123', '0.12345679'],
    ['-1.50', '-1.5'],
    ['-0.0', '-0'],
    ['-0', '0'],
    ['1e39', '.inf'],
    ['.nan', '.nan'],
    ['-.INF', '-.inf'],
    ['2001-01-01', '2001-01-01'],
    ['app.kubernetes.io/name', 'app.kubernetes.io/name'],
    ['__proto__', '__proto__'],
    ['~', undefined],
    ['', undefined],
    ['18446744073709551615', undefined],
  ])('%s is the key %j', (text, key) => expect(plainKey(text)).toBe(key))

  it.each([
    [16777216, '1.6777216e+07'],
    [999999, '999999'],
    [1234567, '1.234567e+06'],
    [123456.7, '123456.7'],
    [3.4028234663852886e38, '3.4028235e+38'],
    [1e-45, '1e-45'],
    [1e-50, '0'],
  ])('the float %d is %s', (value, text) => expect(formatFloat32(value)).toBe(text))
})

describe('tagged scalars', () => {
  it.each([
    ['int', '0x10', 16],
    ['int', '18446744073709551615', Number('18446744073709551615')],
    ['float', '3', 3],
    ['float', '0x10', 16],
    ['bool', 'Y', true],
    ['null', '', null],
    ['str', '', ''],
    ['str', 'null', 'null'],
    ['timestamp', '2001-1-1', '2001-1-1'],
    ['timestamp', '2001-01-01T10:20:30.5Z', '2001-01-01T10:20:30.5Z'],
    ['binary', '', ''],
    ['binary', 'aGV s'.replace(' ', '\n'), 'hel'],
    ['binary', '77u/4oKs', '\uFEFF€'],
    ['merge', 'x', 'x'],
  ])('!!%s %j is %j', (tag, text, value) => expect(resolveTagged(tag, text)).toMatchObject({ value }))

  it.each([
    ['int', '1.5', '"1.5" cannot be read as !!int'],
    ['int', '', '"" cannot be read as !!int'],
    ['float', '18446744073709551615', '"18446744073709551615" cannot be read as !!float'],
    ['bool', '1', '"1" cannot be read as !!bool'],
    ['null', 'x', '"x" cannot be read as !!null'],
    ['timestamp', '2001-02-30', '"2001-02-30" cannot be read as !!timestamp'],
    ['timestamp', '', '"" cannot be read as !!timestamp'],
    ['binary', 'aGk', 'the !!binary value is not base64'],
    ['binary', 'aG k=', 'the !!binary value is not base64'],
    ['binary', '/w==', 'the !!binary value is not text in UTF-8'],
  ])('!!%s %j is refused: %s', (tag, text, message) => expect(resolveTagged(tag, text)).toBe(message))

  it('has no other tags', () => expect(resolveTagged('set', '')).toBeUndefined())
})
