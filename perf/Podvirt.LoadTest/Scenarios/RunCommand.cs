using Podvirt.LoadTest.Generator;
using Podvirt.LoadTest.Proxies;

namespace Podvirt.LoadTest.Scenarios;

/// <summary><c>run [--scenario NAME] [--quick] [--only PROXY,PROXY] [--usage none|include|continuous] [--podvirt EXECUTABLE]</c>.</summary>
internal static class RunCommand
{
    public const string Usage = "usage: Podvirt.LoadTest run [--scenario NAME] [--quick] [--only PROXY,PROXY] [--usage none|include|continuous] [--podvirt EXECUTABLE]";

    public static async Task<int> RunAsync(string[] args)
    {
        var arguments = new ArgumentList(args);
        var options = new ScenarioOptions(
            arguments.Has("--quick"),
            arguments.Text("--only")?.Split(',') ?? ScenarioOptions.AllProxies,
            Enum.Parse<UsageOption>(arguments.Text("--usage") ?? nameof(UsageOption.Include), ignoreCase: true));
        await new RelayScenario(new Workplace(arguments.Text("--podvirt")), options).RunAsync();
        return 0;
    }
}
