/** The phones' projects stand as Capacitor's own tool and our drawing script leave them. */
import { spawnSync } from 'node:child_process'
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { drawings } from '../../../capacitor/scripts/artwork.mjs'

const capacitor = fileURLToPath(new URL('../../../capacitor/', import.meta.url))
const git = (...args: string[]): string => {
  const { status, stdout, stderr } = spawnSync('git', args, { cwd: capacitor, encoding: 'utf8' })
  if (status !== 0) throw new Error(stderr)
  return stdout
}

test('cap sync changes nothing that is committed', () => {
  const copy = mkdtempSync(join(tmpdir(), 'sealstream-cap-'))
  try {
    const files = git('ls-files', '-z').split('\0').filter(Boolean)
    for (const file of files) cpSync(join(capacitor, file), join(copy, file))
    // No link: the tool writes where a package really lies.
    cpSync(join(capacitor, 'node_modules'), join(copy, 'node_modules'), { recursive: true })
    mkdirSync(join(copy, 'dist'))
    writeFileSync(join(copy, 'dist/index.html'), '<!doctype html><html><head></head></html>')
    const tool = join(capacitor, 'node_modules/@capacitor/cli/bin/capacitor')
    const { status, stdout, stderr } = spawnSync(process.execPath, [tool, 'sync'], {
      cwd: copy,
      encoding: 'utf8',
    })
    expect(status, stdout + stderr).toBe(0)
    const changed = files.filter(
      (file) => !readFileSync(join(copy, file)).equals(readFileSync(join(capacitor, file))),
    )
    expect(changed).toEqual([])
  } finally {
    rmSync(copy, { recursive: true, force: true })
  }
})

test.each(Object.entries(drawings))('%s is drawn from the one source', (path, drawing) => {
  expect(readFileSync(join(capacitor, path), 'utf8')).toBe(drawing)
})

interface XcodeProject {
  parseSync(): void
  readonly hash: {
    readonly project: {
      readonly objects: Record<
        'PBXResourcesBuildPhase' | 'PBXVariantGroup',
        Record<string, unknown>
      >
    }
  }
}
interface XcodeTool {
  project(path: string): XcodeProject
}

test('the Xcode project is whole, and copies the German texts into the app', () => {
  // Capacitor's own tool reads projects with it.
  const xcode = createRequire(join(capacitor, 'package.json'))('xcode') as XcodeTool
  const project = xcode.project(join(capacitor, 'ios/App/App.xcodeproj/project.pbxproj'))
  project.parseSync()
  const { PBXResourcesBuildPhase, PBXVariantGroup } = project.hash.project.objects
  const copied = JSON.stringify(Object.values(PBXResourcesBuildPhase))
  expect(copied).toContain('InfoPlist.strings in Resources')
  expect(Object.values(PBXVariantGroup)).toContainEqual(
    expect.objectContaining({
      name: 'InfoPlist.strings',
      children: [expect.objectContaining({ comment: 'de' })],
    }),
  )
})
