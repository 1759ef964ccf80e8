import { FileInput } from '@mantine/core';
import { useEffect, useState } from 'react';
import { formatBytes } from '../models/format';
import classes from './VideoForm.module.css';

interface ReferenceFieldProps {
  value: File | null;
  onChange: (value: File | null) => void;
  error: string | null;
}

/** An image that the video begins with, shown as it is. */
export function ReferenceField({ value, onChange, error }: ReferenceFieldProps) {
  const preview = usePreview(value);
  return (
    <div>
      <FileInput
        label="Reference image"
        description="The video begins with it, where the model takes one."
        placeholder="Choose an image"
        accept="image/png,image/jpeg,image/webp"
        clearable
        clearButtonProps={{ 'aria-label': 'Remove the reference image' }}
        value={value}
        onChange={onChange}
        error={error}
      />
      {value !== null && (
        <figure className={classes.preview}>
          {preview !== null && <img src={preview} alt={`Reference: ${value.name}`} />}
          <figcaption>{formatBytes(value.size)}</figcaption>
        </figure>
      )}
    </div>
  );
}

/** A data: address of the image; the page's policy allows no others from here. Null until it is read, or where that fails. */
function usePreview(file: File | null): string | null {
  const [read, setRead] = useState<{ file: File; url: string } | null>(null);
  useEffect(() => {
    if (file === null) return;
    const reader = new FileReader();
    reader.onload = () => setRead({ file, url: reader.result as string });
    reader.readAsDataURL(file);
    return () => reader.abort();
  }, [file]);
  return read !== null && read.file === file ? read.url : null;
}
