import { VersionGraph, VersionInfo, buildManifest } from '@start9labs/start-sdk'
import { setInterfaces } from './interfaces'
import { manifest as described } from './manifest'
import { sdk } from './sdk'

export { main } from './main'

const current = VersionInfo.of({
  version: '0.1.0:0',
  releaseNotes: { en_US: 'First version' },
  migrations: {},
})
const versions = VersionGraph.of({ current, other: [] })

const setDependencies = sdk.setupDependencies(async () => ({
  bitcoind: { kind: 'running', versionRange: '>=28.0:0', healthChecks: [] },
}))

export const { createBackup, restoreInit } = sdk.setupBackups(async () => sdk.Backups.ofVolumes('main'))
export const actions = sdk.Actions.of()
export const init = sdk.setupInit(restoreInit, versions, setInterfaces, setDependencies, actions)
export const uninit = sdk.setupUninit(versions)
export const manifest = buildManifest(versions, described)
