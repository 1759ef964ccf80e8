using Podvirt.Gateway.Surfaces;
using Podvirt.Gateway.Videos.Files;

namespace Podvirt.Gateway.Videos.Forms;

/// <summary>
/// One request's form on its way to the disk, as an engine will be sent it: all parts but the model's name, which the engine may know otherwise,
/// and the end. Disposed without having been kept, it leaves nothing.
/// </summary>
internal sealed class SpoolFile(VideoSpool spool, string project, string path) : IAsyncDisposable
{
    // Small pieces are put together; what is larger goes as it comes.
    private const int BufferBytes = 64 * 1024;

    // How much is written between two looks at the disk.
    private const long DiskStep = 16L << 20;

    private FileStream? _file;
    private BufferedStream? _buffered;
    private long _toDiskCheck;
    private bool _isKept;

    public long Bytes { get; private set; }

    /// <exception cref="FormRefusedException">There is no room for it.</exception>
    public async ValueTask WriteAsync(ReadOnlyMemory<byte> bytes)
    {
        Reserve(bytes.Length);
        _buffered ??= new BufferedStream(_file = VideoFolder.Create(path), BufferBytes);
        try
        {
            await _buffered.WriteAsync(bytes);
        }
        catch (IOException e)
        {
            throw new FormRefusedException(spool.Unwritable(e));
        }
    }

    /// <summary>All of it survives the machine then, and the file stays.</summary>
    /// <exception cref="FormRefusedException">The disk did not take it.</exception>
    public async ValueTask KeepAsync()
    {
        try
        {
            if (_buffered is not null)
            {
                await _buffered.FlushAsync();
                RandomAccess.FlushToDisk(_file!.SafeFileHandle);
                await _buffered.DisposeAsync();
                DiskSync.Folder(Path.GetDirectoryName(path)!);
            }
            _isKept = true;
        }
        catch (IOException e)
        {
            throw new FormRefusedException(spool.Unwritable(e));
        }
    }

    /// <summary>Its job has not come about after all.</summary>
    public void Discard() => _isKept = false;

    public async ValueTask DisposeAsync()
    {
        if (_file is not null)
        {
            await CloseAsync();
        }
        spool.Return(project, Bytes);
        if (!_isKept)
        {
            File.Delete(path);
        }
    }

    private async ValueTask CloseAsync()
    {
        try
        {
            await _buffered!.DisposeAsync();
        }
        catch (IOException e)
        {
            // What is still buffered is of a form that was refused for this very disk.
            spool.NoteUnwritable(e);
        }
        await _file!.DisposeAsync();
    }

    private void Reserve(int bytes)
    {
        if (spool.TryTake(project, bytes) is { } full)
        {
            throw new FormRefusedException(full);
        }
        Bytes += bytes;
        if (_toDiskCheck <= 0)
        {
            _toDiskCheck = DiskStep;
            if (spool.CheckDisk() is { } noRoom)
            {
                throw new FormRefusedException(noRoom);
            }
        }
        _toDiskCheck -= bytes;
    }
}
