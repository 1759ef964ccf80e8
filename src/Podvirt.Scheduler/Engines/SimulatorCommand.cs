namespace Podvirt.Scheduler.Engines;

/// <summary>Finds the simulated engine's program.</summary>
internal static class SimulatorCommand
{
    private const string Name = "Podvirt.Simulator";

    /// <param name="configured">An executable or a dll; null: beside the running assemblies.</param>
    public static IReadOnlyList<string> Locate(string? configured)
    {
        var path = configured;
        if (path is null)
        {
            var executable = Path.Combine(AppContext.BaseDirectory, Name);
            path = File.Exists(executable) ? executable : executable + ".dll";
        }

        return path.EndsWith(".dll", StringComparison.OrdinalIgnoreCase) ? [Dotnet(), path] : [path];
    }

    /// <summary>The host that runs this process, where it is one; an apphost finds its own way and leaves it to PATH.</summary>
    private static string Dotnet() =>
        Environment.ProcessPath is { } path && Path.GetFileNameWithoutExtension(path) == "dotnet" ? path : "dotnet";
}
