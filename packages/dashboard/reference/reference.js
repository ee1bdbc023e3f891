// The reference's own settings: the document that this Pombo serves, and nothing from anywhere else.
const { src } = document.currentScript
Scalar.createApiReference('#reference', {
  url: new URL('../api/v1/openapi.json', src).href,
  withDefaultFonts: false,
  telemetry: false,
  proxyUrl: '',
  agent: { disabled: true },
  mcp: { disabled: true },
  hideClientButton: true,
  showDeveloperTools: 'never',
  persistAuth: false,
})
