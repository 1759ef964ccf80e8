namespace Podvirt;

/// <summary>Where Podvirt finds its files. Everything else stands in <c>podvirt.yaml</c>.</summary>
public sealed class PodvirtOptions
{
    /// <summary>The configuration file. Default <c>podvirt.yaml</c> in the working directory. Not read when <see cref="Yaml"/> is set.</summary>
    public string ConfigFile { get; set; } = "podvirt.yaml";

    /// <summary>The configuration itself, in place of a file.</summary>
    public string? Yaml { get; set; }

    /// <summary>Where state, usage, logs and the admin token are kept. Default <c>data</c>. Made when missing, for its owner only.</summary>
    public string DataDirectory { get; set; } = "data";

    /// <summary>The built console. Default: the folder <c>console</c> beside the application.</summary>
    public string ConsoleDirectory { get; set; } = Path.Combine(AppContext.BaseDirectory, "console");

    /// <summary>The simulated engine's executable or assembly. Null: the one beside the application.</summary>
    public string? SimulatorPath { get; set; }

    /// <summary>What this process does. Some of it alone needs a cluster: <c>cluster</c> in the configuration, or its environment variables.</summary>
    public PodvirtRoles Roles { get; set; } = PodvirtRoles.All;

    /// <summary>What <see cref="ConfigFile"/> said when it was read at the start.</summary>
    internal string? ReadText { get; set; }

    /// <summary>How environment variables are read; tests give their own.</summary>
    internal Func<string, string?> Environment { get; set; } = System.Environment.GetEnvironmentVariable;
}
