using Microsoft.Extensions.Logging;
using Podvirt.Gateway.Surfaces;
using Podvirt.Gateway.Videos.Files;

namespace Podvirt.Gateway.Videos.Forms;

/// <summary>The uploads that have not been sent for good: within the spool's bytes, their project's, and what the disk has to keep free.</summary>
internal sealed partial class VideoSpool(
    VideoBook book, VideoFolder folder, VideoOptions options, ILogger<VideoSpool> logger, SharedForms? shared = null)
{
    private readonly Lock _lock = new();

    // On their way in; whose job is in the book is counted there.
    private readonly Dictionary<string, long> _coming = new(StringComparer.Ordinal);
    private long _allComing;

    /// <summary>Bytes of uploads, those on their way in too.</summary>
    public long Bytes
    {
        get
        {
            lock (_lock)
            {
                return _allComing + book.Total().SpoolBytes;
            }
        }
    }

    public SpoolFile Begin(string project, string name) => new(this, project, folder.SpoolOf(name));

    /// <summary>For sending.</summary>
    /// <exception cref="IOException">It is gone.</exception>
    public FileStream Open(string name) => VideoFolder.Open(folder.SpoolOf(name));

    /// <summary>False: a job of this gateway's would be lost with its disk, while others look after it.</summary>
    public bool CanBeTakenOver => !book.IsShared || shared is not null;

    /// <summary>Puts a whole upload where the other gateways find it, if there are any.</summary>
    /// <exception cref="FormRefusedException">It could not be put there.</exception>
    public async Task ShareAsync(string name)
    {
        if (shared is null)
        {
            return;
        }
        try
        {
            await shared.SaveAsync(name, folder.SpoolOf(name), CancellationToken.None);
        }
        catch (IOException e)
        {
            throw new FormRefusedException(Unwritable(e));
        }
    }

    /// <summary>Nobody needs it any more. What cannot be taken away now is by a later start.</summary>
    public async Task UnshareAsync(string name)
    {
        if (shared is null)
        {
            return;
        }
        try
        {
            await shared.DeleteAsync(name, CancellationToken.None);
        }
        catch (IOException e)
        {
            LogNotUnshared(e, name);
        }
    }

    /// <summary>Has an upload here that came in through another gateway.</summary>
    /// <exception cref="IOException">The file store does not answer.</exception>
    public async Task BringAsync(string name, CancellationToken cancellationToken)
    {
        if (shared is not null && !File.Exists(folder.SpoolOf(name)))
        {
            await shared.FetchAsync(name, folder.SpoolOf(name), cancellationToken);
        }
    }

    /// <summary>Takes away what is shared of jobs that have ended, or never were; of the last hour none, whose jobs may be under way.</summary>
    public async Task SweepSharedAsync(DateTimeOffset now, CancellationToken cancellationToken)
    {
        if (shared is null)
        {
            return;
        }
        await foreach (var name in shared.ListAsync(cancellationToken))
        {
            var id = Guid.ParseExact(name, "n");
            if (TimeOf(id) < now.AddHours(-1) && book.Find(id) is not { HasEnded: false })
            {
                await shared.DeleteAsync(name, cancellationToken);
                LogSwept(name);
            }
        }
    }

    /// <summary>Its job has ended.</summary>
    public void Remove(string name)
    {
        if (Directory.Exists(folder.Spool))
        {
            File.Delete(folder.SpoolOf(name));
        }
    }

    /// <summary>Before anybody uploads: what no unfinished job has left there goes, and half a video from an engine too.</summary>
    public void Sweep()
    {
        foreach (var (path, name) in VideoFolder.In(folder.Spool))
        {
            if (book.Find(Guid.ParseExact(name, "n")) is not { HasEnded: false })
            {
                File.Delete(path);
                LogSwept(path);
            }
        }
        foreach (var (path, _) in VideoFolder.In(folder.Fetched))
        {
            File.Delete(path);
            LogSwept(path);
        }
    }

    /// <summary>Counts bytes that are about to be written.</summary>
    /// <returns>Null: there is room for them. They are counted either way, until <see cref="Return"/>.</returns>
    public ApiError? TryTake(string project, long bytes)
    {
        lock (_lock)
        {
            var ofProject = _coming.GetValueOrDefault(project) + bytes;
            _coming[project] = ofProject;
            _allComing += bytes;
            if (_allComing + book.Total().SpoolBytes > options.SpoolBytesMax)
            {
                return VideoErrors.SpoolFull(options.SpoolBytesMax);
            }
            return ofProject + book.Of(project).Bytes > options.ProjectBytesMax ? VideoErrors.ProjectFull(options.ProjectBytesMax) : null;
        }
    }

    public void Return(string project, long bytes)
    {
        lock (_lock)
        {
            _allComing -= bytes;
            var left = _coming.GetValueOrDefault(project) - bytes;
            if (left == 0)
            {
                _coming.Remove(project);
            }
            else
            {
                _coming[project] = left;
            }
        }
    }

    /// <returns>Null: the disk has room.</returns>
    public ApiError? CheckDisk()
    {
        try
        {
            return folder.DiskFree() < options.DiskFreeMin ? VideoErrors.DiskFull : null;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return Unwritable(e);
        }
    }

    public ApiError Unwritable(Exception e)
    {
        NoteUnwritable(e);
        return VideoErrors.SpoolUnwritable;
    }

    public void NoteUnwritable(Exception e) => LogUnwritable(e);

    // As a UUIDv7 has it.
    private static DateTimeOffset TimeOf(Guid id) => DateTimeOffset.UnixEpoch.AddMilliseconds(Convert.ToInt64(id.ToString("n")[..12], 16));

    [LoggerMessage(1621, LogLevel.Warning, "The upload {Name} could not be taken away from the file store: a later start does.")]
    private partial void LogNotUnshared(Exception exception, string name);

    [LoggerMessage(1602, LogLevel.Information, "{Path} was left by a job that has ended, or never was: it is deleted.")]
    private partial void LogSwept(string path);

    [LoggerMessage(1603, LogLevel.Error, "Uploads cannot be written to the data folder.")]
    private partial void LogUnwritable(Exception exception);
}
