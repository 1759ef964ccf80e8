using Podvirt.FunctionalTests.Fixtures;

namespace Podvirt.FunctionalTests.Faults;

/// <summary>A volume of some megabytes that can be filled to its last byte. Where mounting is not allowed, the test that wants one is skipped.</summary>
internal sealed class SmallVolume : IAsyncDisposable
{
    private const int Bytes = 48 << 20;

    private SmallVolume(string path) => Path = path;

    public string Path { get; }

    private string Filler => System.IO.Path.Combine(Path, "filler");

    public static async Task<SmallVolume> MountAsync()
    {
        var path = Directory.CreateTempSubdirectory("podvirt-volume-").FullName;
        var mounted = await Tool.RunAsync("mount", ["-t", "tmpfs", "-o", $"size={Bytes}", "tmpfs", path]);
        if (mounted.ExitCode != 0)
        {
            Directory.Delete(path);
            Assert.Skip($"No volume can be mounted here: {mounted.Error}");
        }
        return new SmallVolume(path);
    }

    /// <summary>Until nothing fits any more.</summary>
    public void Fill()
    {
        using var file = new FileStream(Filler, FileMode.Append, FileAccess.Write, FileShare.None, bufferSize: 0);
        for (var size = 1 << 20; size > 0; size /= 2)
        {
            WriteUntilFull(file, new byte[size]);
        }
    }

    public void Free() => File.Delete(Filler);

    public async ValueTask DisposeAsync()
    {
        Assert.Equal(0, (await Tool.RunAsync("umount", [Path])).ExitCode);
        Directory.Delete(Path);
    }

    private static void WriteUntilFull(FileStream file, byte[] bytes)
    {
        try
        {
            while (true)
            {
                file.Write(bytes);
            }
        }
        catch (IOException)
        {
            // Full for pieces of this size.
            file.Seek(0, SeekOrigin.End);
        }
    }
}
