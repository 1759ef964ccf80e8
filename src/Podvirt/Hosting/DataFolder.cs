namespace Podvirt.Hosting;

internal static class DataFolder
{
    /// <summary>Makes the folder, for its owner only. One that is there keeps its permissions.</summary>
    public static void Ensure(string path)
    {
        if (OperatingSystem.IsWindows())
        {
            Directory.CreateDirectory(path);
        }
        else
        {
            Directory.CreateDirectory(path, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        }
    }
}
