using System.Runtime.InteropServices;

namespace Podvirt.Gateway.Videos.Files;

/// <summary>Makes a folder's entries survive the machine: a file that was renamed into it is not there otherwise.</summary>
internal static partial class DiskSync
{
    // For reading, and not handed to children.
    private const int ReadOnly = 0x80000;

    /// <exception cref="IOException">The system could not.</exception>
    public static void Folder(string path)
    {
        // Elsewhere a rename is as durable as its file.
        if (!OperatingSystem.IsLinux())
        {
            return;
        }
        var folder = Open(path, ReadOnly);
        if (folder < 0)
        {
            throw new IOException($"{path} cannot be opened: {Marshal.GetLastPInvokeErrorMessage()}");
        }
        try
        {
            if (Sync(folder) != 0)
            {
                throw new IOException($"{path} cannot be synced: {Marshal.GetLastPInvokeErrorMessage()}");
            }
        }
        finally
        {
            _ = Close(folder);
        }
    }

    [LibraryImport("libc", EntryPoint = "open", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int Open(string path, int flags);

    [LibraryImport("libc", EntryPoint = "fsync", SetLastError = true)]
    private static partial int Sync(int descriptor);

    [LibraryImport("libc", EntryPoint = "close", SetLastError = true)]
    private static partial int Close(int descriptor);
}
