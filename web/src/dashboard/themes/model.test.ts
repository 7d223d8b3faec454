import { describe, expect, it } from 'vitest'
import { bodyOf, contrastAdvice, errorsOf, logoProblems, NEW_DRAFT, uploadProblem } from './model'
import { words } from './words'

describe('the contrast of a colour', () => {
  it('is fine for one that is neither pale nor dark', () => {
    expect(contrastAdvice('#0b8b6c')).toEqual([])
  })

  it('is too low for yellow on light grounds', () => {
    expect(contrastAdvice('#ffeb3b')).toEqual([words.paleOn('light', '1.2')])
  })

  it('is too low for navy on dark grounds', () => {
    const [advice, ...more] = contrastAdvice('#0a0a50')
    expect(advice).toContain('On dark backgrounds')
    expect(more).toEqual([])
  })

  it('says that colours without a hue are not used', () => {
    expect(['#000', '#ffffff', '#9e9e9e'].map(contrastAdvice)).toEqual(Array(3).fill([words.colourless]))
  })

  it('is not spoken of while the colour is being typed', () => {
    expect(contrastAdvice('#ffe')).not.toBeNull()
    expect(contrastAdvice('#ff')).toEqual([])
  })
})

describe('a draft', () => {
  const good = { ...NEW_DRAFT, brand_text: ' Acme ', short_company_url: 'acme-1' }

  it('is sent with null for what is empty', () => {
    expect(errorsOf(good)).toEqual({})
    expect(bodyOf({ ...good, short_company_url: '' })).toEqual({
      main_color: '#0b6b5c',
      brand_text: 'Acme',
      theme_name: null,
      short_company_url: null,
    })
  })

  it('says what is wrong with each field', () => {
    expect(
      Object.keys(errorsOf({ theme_name: '', main_color: 'red', brand_text: ' ', short_company_url: '123' })),
    ).toEqual(['main_color', 'brand_text', 'short_company_url'])
  })
})

describe('what is wrong with a logo', () => {
  it('is said for each defect, once', () => {
    const errors = ['dimensions', 'transparent_bg', 'dimensions'].map((invalidProperty) => ({
      logoKey: 'k',
      code: 'invalid_logo_properties',
      invalidProperty,
    }))
    expect(logoProblems({ errors }, 'favicon')).toEqual([
      words.problems.dimensions.favicon,
      words.problems.transparent_bg,
    ])
    expect(logoProblems({ errors: [{ logoKey: 'k', code: 'key_not_found' }] }, 'white')).toEqual([
      words.problems.key_not_found,
    ])
  })

  it('has a way out also where the answer is another one', () => {
    expect(logoProblems(undefined, 'white')).toEqual([words.problems.other])
    expect(logoProblems({ errors: [null] }, 'white')).toEqual([words.problems.other])
  })

  it('is read from the answer of the upload', () => {
    expect(uploadProblem('<Error><Code>EntityTooLarge</Code></Error>', 'white')).toBe(words.problems.exceeds_size)
    expect(uploadProblem('<html>', 'white')).toBe(words.problems.other)
  })
})
