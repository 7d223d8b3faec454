/** The policies that a meeting wants of the page around it. */
const WANTED = ['camera', 'microphone', 'display-capture', 'fullscreen', 'autoplay'] as const

type Policy = { allowsFeature(name: string): boolean }

/** Those that this frame was not given; none where the browser does not tell. */
export function missingPolicies(): readonly string[] {
  const { permissionsPolicy, featurePolicy } = document as Document & {
    permissionsPolicy?: Policy
    featurePolicy?: Policy
  }
  const policy = permissionsPolicy ?? featurePolicy
  return policy === undefined ? [] : WANTED.filter((name) => !policy.allowsFeature(name))
}
