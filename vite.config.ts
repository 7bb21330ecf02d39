import react from '@vitejs/plugin-react';
import { defineConfig } from 'vite';

/** Builds the console into `dist/web`; the API serves it from there. `npm run build:web`. */
export default defineConfig({
  root: 'src/web',
  base: '/',
  plugins: [react()],
  build: {
    outDir: '../../dist/web',
    emptyOutDir: true,
    sourcemap: false,
    chunkSizeWarningLimit: 900,
    // Fonts and icons stay files: the content security policy allows data: for images only.
    assetsInlineLimit: 0,
    rollupOptions: {
      // These serve pages that are written by the server and need names that stay.
      input: {
        index: 'src/web/index.html',
        prove: 'src/web/prove/prove.ts',
        'sign-in': 'src/web/sign-in/sign-in.ts',
        upload: 'src/web/upload/upload.ts',
      },
      output: {
        entryFileNames: (chunk) =>
          ['prove', 'sign-in', 'upload'].includes(chunk.name) ? '[name].js' : 'assets/[name]-[hash].js',
      },
    },
  },
  server: { proxy: { '/api': 'http://127.0.0.1:8099' } },
});
