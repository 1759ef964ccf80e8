using System.Text.Json;
using Podvirt.Messaging;

namespace Podvirt.Scheduler.Runtimes.Local;

/// <param name="Pid">0: written before the process was there.</param>
/// <param name="StartTime">Field 22 of its stat.</param>
/// <param name="Nonce">Stands in its environment, and in that of everything it starts.</param>
/// <param name="Gpus">Device ids.</param>
/// <param name="MemoryBytes">What the engine was told to take on each of them.</param>
/// <param name="Settings">Of the command line and environment that it was started with: <see cref="Engines.EngineCommandBuilder.SettingsOf"/>.</param>
/// <param name="SleepLevel">How deep its last sleep was to be; 0 before the first.</param>
/// <param name="HostBase">What its processes held of host memory before their first sleep, in bytes.</param>
internal sealed record PidFile(
    string Replica, string Model, int Revision, int Pid, long StartTime, string Nonce, string Address = "", string ApiKey = "",
    IReadOnlyList<string>? Gpus = null, long MemoryBytes = 0, string Settings = "", int SleepLevel = 0, long? HostBase = null);

/// <summary>
/// One small file per replica under <c>&lt;data&gt;/replicas/</c>, so that the next run finds what a crashed one left. It is
/// written before the process starts and again when its pid is known: no moment leaves a process without a trace.
/// </summary>
internal sealed class PidFiles(string dataPath)
{
    private readonly string _folder = Path.Combine(dataPath, "replicas");

    public void Write(PidFile file)
    {
        Directory.CreateDirectory(_folder);
        var path = PathOf(file.Replica);
        var temporary = path + ".tmp";
        var options = new FileStreamOptions { Mode = FileMode.Create, Access = FileAccess.Write };
        if (!OperatingSystem.IsWindows())
        {
            // It holds the engine's key.
            options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        }

        using (var stream = new FileStream(temporary, options))
        {
            JsonSerializer.Serialize(stream, file, StateJson.Options);
        }

        File.Move(temporary, path, overwrite: true);
    }

    public void Delete(string replica) => File.Delete(PathOf(replica));

    /// <summary>All files; a damaged one is deleted, because nothing can be recognised by it.</summary>
    public IReadOnlyList<PidFile> ReadAll()
    {
        var files = new List<PidFile>();
        if (!Directory.Exists(_folder))
        {
            return files;
        }

        foreach (var path in Directory.EnumerateFiles(_folder, "*.json").ToList())
        {
            try
            {
                if (JsonSerializer.Deserialize<PidFile>(File.ReadAllBytes(path), StateJson.Options) is { Nonce.Length: > 0 } file)
                {
                    files.Add(file);
                    continue;
                }
            }
            catch (JsonException)
            {
                // Falls through to the deletion below.
            }

            File.Delete(path);
        }

        return files;
    }

    private string PathOf(string replica) => Path.Combine(_folder, replica + ".json");
}
