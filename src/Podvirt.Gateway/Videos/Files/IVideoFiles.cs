namespace Podvirt.Gateway.Videos.Files;

/// <summary>Where finished videos are kept. Names are job ids, so nothing that a client says becomes one.</summary>
internal interface IVideoFiles
{
    /// <summary>Takes a finished file over. When it returns the file survives the machine, and the given one is gone.</summary>
    /// <exception cref="VideoFilesException">It could not be kept; the given one is still there.</exception>
    Task SaveAsync(string name, string path, CancellationToken cancellationToken);

    /// <summary>A part of a file, read as it is taken.</summary>
    /// <returns>Null: there is no such file.</returns>
    /// <exception cref="VideoFilesException">It cannot be read at present.</exception>
    Task<Stream?> OpenAsync(string name, long offset, long length, CancellationToken cancellationToken);

    /// <summary>Whether it was there or not.</summary>
    /// <exception cref="VideoFilesException">It may still be there.</exception>
    Task DeleteAsync(string name, CancellationToken cancellationToken);

    /// <summary>The names of all files that are called as jobs are.</summary>
    /// <exception cref="VideoFilesException">They cannot be listed at present.</exception>
    IAsyncEnumerable<string> ListAsync(CancellationToken cancellationToken);
}

/// <summary>The file store does not do what it should.</summary>
internal sealed class VideoFilesException(string message, Exception inner) : IOException(message, inner);
