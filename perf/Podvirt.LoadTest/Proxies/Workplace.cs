namespace Podvirt.LoadTest.Proxies;

/// <summary>Where things lie in the repository, and where a run leaves its own.</summary>
internal sealed class Workplace
{
    /// <param name="podvirt">The executable to measure; null: the repository's own, as published.</param>
    public Workplace(string? podvirt)
    {
        var folder = new DirectoryInfo(AppContext.BaseDirectory);
        while (folder is not null && !File.Exists(Path.Combine(folder.FullName, "Podvirt.sln")))
        {
            folder = folder.Parent;
        }
        Root = folder?.FullName ?? throw new InvalidOperationException("There is no Podvirt.sln above the executable.");
        PodvirtCommand = podvirt ?? Path.Combine(Root, "artifacts", "podvirt", "podvirt");
        Directory.CreateDirectory(Scratch);
    }

    public string Root { get; }

    /// <summary>Configurations, data and logs of this run.</summary>
    public string Scratch => Path.Combine(Root, "artifacts", "perf");

    public string Peers => Path.Combine(Root, "perf", "peers");

    public string Results => Path.Combine(Root, "perf", "results");

    public string PodvirtCommand { get; }

    public string YarpCommand => Path.Combine(Peers, "Yarp", "bin", "Release", "net10.0", "Podvirt.YarpPeer");

    public string LogOf(string name) => Path.Combine(Scratch, $"{name}.log");

    /// <summary>A folder that is empty now.</summary>
    public string FreshFolder(string name)
    {
        var path = Path.Combine(Scratch, name);
        if (Directory.Exists(path))
        {
            Directory.Delete(path, recursive: true);
        }
        Directory.CreateDirectory(path);
        return path;
    }
}
