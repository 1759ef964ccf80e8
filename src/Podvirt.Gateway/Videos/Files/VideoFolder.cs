namespace Podvirt.Gateway.Videos.Files;

/// <summary>The room's own folder: what is being uploaded, what is being fetched, and what is finished, each for the owner only.</summary>
internal sealed class VideoFolder(VideoOptions options)
{
    private const UnixFileMode OwnersFolder = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute;
    private const UnixFileMode OwnersFile = UnixFileMode.UserRead | UnixFileMode.UserWrite;
    private const int NameChars = 32;

    /// <summary>Uploads, until their jobs end.</summary>
    public string Spool { get; } = Path.Combine(options.Directory, "spool");

    /// <summary>What comes from engines, until it is whole.</summary>
    public string Fetched { get; } = Path.Combine(options.Directory, "fetched");

    /// <summary>Finished videos.</summary>
    public string Files { get; } = Path.Combine(options.Directory, "files");

    public string SpoolOf(string name) => Path.Combine(Spool, name + ".form");

    public string FetchedOf(string name) => Path.Combine(Fetched, name + ".part");

    /// <summary>A new file that only its owner may read.</summary>
    public static FileStream Create(string path)
    {
        MakeFolder(Path.GetDirectoryName(path)!);
        var file = new FileStreamOptions
        {
            Mode = FileMode.Create,
            Access = FileAccess.Write,
            Share = FileShare.Read,
            Options = FileOptions.Asynchronous,
            BufferSize = 0,
        };
        if (!OperatingSystem.IsWindows())
        {
            file.UnixCreateMode = OwnersFile;
        }
        return new FileStream(path, file);
    }

    /// <summary>For reading from the beginning to the end.</summary>
    public static FileStream Open(string path) => new(path, new FileStreamOptions
    {
        Mode = FileMode.Open,
        Access = FileAccess.Read,
        Share = FileShare.Read | FileShare.Delete,
        Options = FileOptions.Asynchronous | FileOptions.SequentialScan,
        BufferSize = 0,
    });

    public static void MakeFolder(string path)
    {
        if (OperatingSystem.IsWindows())
        {
            Directory.CreateDirectory(path);
        }
        else
        {
            Directory.CreateDirectory(path, OwnersFolder);
        }
    }

    /// <summary>The jobs whose files lie in a folder.</summary>
    public static IEnumerable<(string Path, string Name)> In(string folder) =>
        Directory.Exists(folder)
            ? Directory.EnumerateFiles(folder).Select(path => (path, Path.GetFileNameWithoutExtension(path))).Where(file => IsName(file.Item2))
            : [];

    /// <summary>Whether a file is called as a job is: only such files are ever swept.</summary>
    public static bool IsName(string name) => name.Length == NameChars && Guid.TryParseExact(name, "n", out _);

    /// <summary>What is left of the disk that the folder is on.</summary>
    public long DiskFree()
    {
        MakeFolder(options.Directory);
        return new DriveInfo(Path.GetFullPath(options.Directory)).AvailableFreeSpace;
    }
}
