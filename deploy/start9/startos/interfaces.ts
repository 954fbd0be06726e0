import { port, sdk } from './sdk'

export const setInterfaces = sdk.setupInterfaces(async ({ effects }) => {
  const origin = await sdk.MultiHost.of(effects, 'page').bindPort(port, { protocol: 'http' })
  const page = sdk.createInterface(effects, {
    name: 'Page and API',
    id: 'page',
    description: 'Shares, concentration, blocks; JSON below /api/v1, metrics at /metrics',
    type: 'ui',
    masked: false,
    schemeOverride: null,
    username: null,
    path: '',
    query: {},
  })
  return [await origin.export([page])]
})
