using System.Globalization;
using Xunit.Runner.InProc.SystemConsole;

namespace Podvirt.Fuzz;

/// <summary>
/// <c>fuzz &lt;target|all&gt; [--seconds n] [--seed n]</c> fuzzes; everything else is for the test runner.
/// </summary>
internal static class Program
{
    private const int DefaultSeconds = 60;

    public static async Task<int> Main(string[] args) =>
        args is ["fuzz", var name, .. var options] ? Fuzz(name, options) : await ConsoleRunner.Run(args);

    private static int Fuzz(string name, string[] options)
    {
        var targets = FuzzTargets.All.Where(t => name == "all" || t.Name == name).ToList();
        if (targets.Count == 0)
        {
            Console.Error.WriteLine($"There is no target '{name}'. There are: all, {string.Join(", ", FuzzTargets.All.Select(t => t.Name))}.");
            return 2;
        }
        var seconds = TimeSpan.FromSeconds(Number(options, "--seconds") ?? DefaultSeconds);
        var seed = Number(options, "--seed") ?? Random.Shared.Next();
        var found = 0;
        foreach (var target in targets)
        {
            var report = new FuzzLoop(target, seed).Run(seconds);
            Console.WriteLine(report);
            found += report.Finding is null ? 0 : 1;
        }
        return found == 0 ? 0 : 1;
    }

    private static int? Number(string[] options, string name)
    {
        var at = Array.IndexOf(options, name);
        return at >= 0 && at + 1 < options.Length ? int.Parse(options[at + 1], CultureInfo.InvariantCulture) : null;
    }
}
