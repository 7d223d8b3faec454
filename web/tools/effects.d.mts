import type { Plugin } from 'vite'

export function effects(): Plugin
