namespace Podvirt.LocalCluster.Chaos;

/// <summary>What processes said, one file for each, over all of its lives.</summary>
internal sealed class ChaosLogs(string folder)
{
    private readonly Lock _gate = new();

    public string Folder => folder;

    public void Keep(string name, string output)
    {
        lock (_gate)
        {
            File.AppendAllText(PathOf(name), $"{output}--- {DateTimeOffset.UtcNow:HH:mm:ss.fff} the end of this life\n");
        }
    }

    /// <summary>What was kept of it.</summary>
    public IEnumerable<string> Lines(string name) => File.Exists(PathOf(name)) ? File.ReadLines(PathOf(name)) : [];

    private string PathOf(string name) => Path.Combine(folder, $"{name}.log");
}
