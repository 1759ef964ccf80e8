using Podvirt.Server.Client;

namespace Podvirt.Server.Serving;

/// <summary>Holds a data folder for one server. The system lets go of it when the process ends, however it ends.</summary>
internal sealed class DataLock : IDisposable
{
    private const string FileName = "lock";

    private readonly FileStream _file;

    private DataLock(FileStream file)
    {
        _file = file;
    }

    /// <exception cref="CommandFailure">Another server has it, or the folder cannot be written.</exception>
    public static DataLock Take(string dataDirectory)
    {
        try
        {
            if (OperatingSystem.IsWindows())
            {
                Directory.CreateDirectory(dataDirectory);
            }
            else
            {
                Directory.CreateDirectory(dataDirectory, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
            }
            return new DataLock(new FileStream(Path.Combine(dataDirectory, FileName), FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None));
        }
        catch (UnauthorizedAccessException error)
        {
            throw new CommandFailure($"The data folder cannot be used: {error.Message}");
        }
        catch (IOException error)
        {
            throw new CommandFailure(ServerFile.Read(dataDirectory) is { } other
                ? $"A server (process {other.Pid}, {other.Address}) uses the data folder '{dataDirectory}' already. Stop it, or choose another folder with --data."
                : $"The data folder '{dataDirectory}' cannot be used, perhaps because another server has it: {error.Message}");
        }
    }

    public void Dispose() => _file.Dispose();
}
