/** Uploads of a desk that is only looked at: kept while it runs. */
import type { Upload, UploadStore } from '../../src/api/uploads/store.ts';

export function memoryUploads(): UploadStore {
  const uploads = new Map<string, Upload & { readonly pieces: { offset: number; sealed: Buffer }[] }>();
  return {
    async begin(upload) {
      uploads.set(upload.uploadId, { ...upload, offset: 0, answer: null, pieces: [] });
      return true;
    },
    async find(uploadId) {
      return uploads.get(uploadId) ?? null;
    },
    async append(uploadId, { offset, bytes, sealed }) {
      const upload = uploads.get(uploadId);
      if (upload === undefined || upload.offset !== offset) return false;
      upload.pieces.push({ offset, sealed });
      uploads.set(uploadId, { ...upload, offset: offset + bytes });
      return true;
    },
    async pieces(uploadId) {
      return uploads.get(uploadId)?.pieces ?? [];
    },
    async finish(uploadId, answer) {
      const upload = uploads.get(uploadId);
      if (upload !== undefined) uploads.set(uploadId, { ...upload, answer, pieces: [] });
    },
  };
}
