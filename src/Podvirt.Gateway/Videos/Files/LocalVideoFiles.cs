using System.Runtime.CompilerServices;

namespace Podvirt.Gateway.Videos.Files;

/// <summary>Videos as files of the data folder.</summary>
internal sealed class LocalVideoFiles(VideoFolder folder) : IVideoFiles
{
    private const string Extension = ".mp4";

    public async Task SaveAsync(string name, string path, CancellationToken cancellationToken)
    {
        // Files are slow: not on a thread that relays.
        await Task.CompletedTask.ConfigureAwait(ConfigureAwaitOptions.ForceYielding);
        try
        {
            VideoFolder.MakeFolder(folder.Files);
            using (var file = File.OpenHandle(path, FileMode.Open, FileAccess.ReadWrite))
            {
                RandomAccess.FlushToDisk(file);
            }
            File.Move(path, PathOf(name), overwrite: true);
            DiskSync.Folder(folder.Files);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new VideoFilesException($"The video {name} could not be kept: {e.Message}", e);
        }
    }

    public async Task<Stream?> OpenAsync(string name, long offset, long length, CancellationToken cancellationToken)
    {
        await Task.CompletedTask.ConfigureAwait(ConfigureAwaitOptions.ForceYielding);
        FileStream? file = null;
        try
        {
            file = VideoFolder.Open(PathOf(name));
            file.Position = offset;
            return new PartialStream(file, length);
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            return null;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            file?.Dispose();
            throw new VideoFilesException($"The video {name} cannot be read: {e.Message}", e);
        }
    }

    public async Task DeleteAsync(string name, CancellationToken cancellationToken)
    {
        await Task.CompletedTask.ConfigureAwait(ConfigureAwaitOptions.ForceYielding);
        try
        {
            if (Directory.Exists(folder.Files))
            {
                File.Delete(PathOf(name));
            }
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new VideoFilesException($"The video {name} could not be deleted: {e.Message}", e);
        }
    }

    public async IAsyncEnumerable<string> ListAsync([EnumeratorCancellation] CancellationToken cancellationToken)
    {
        await Task.CompletedTask.ConfigureAwait(ConfigureAwaitOptions.ForceYielding);
        foreach (var (_, name) in VideoFolder.In(folder.Files))
        {
            cancellationToken.ThrowIfCancellationRequested();
            yield return name;
        }
    }

    private string PathOf(string name) => Path.Combine(folder.Files, name + Extension);
}
