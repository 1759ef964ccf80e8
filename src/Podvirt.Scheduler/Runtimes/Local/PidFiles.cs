using System.Text.Json;
using Podvirt.Messaging;

namespace Podvirt.Scheduler.Runtimes.Local;

/// <param name="Pid">0: written before the process was there.</param>
/// <param name="StartTime">Field 22 of its stat.</param>
/// <param name="Nonce">Stands in its environment, and in that of everything it starts.</param>
internal sealed record PidFile(string Replica, string Model, int Pid, long StartTime, string Nonce);

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
        File.WriteAllBytes(temporary, JsonSerializer.SerializeToUtf8Bytes(file, StateJson.Options));
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
