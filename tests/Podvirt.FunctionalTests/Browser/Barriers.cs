using System.Text.Json;

namespace Podvirt.FunctionalTests.Browser;

/// <summary>What axe finds on a page that stands in somebody's way.</summary>
internal static class Barriers
{
    /// <summary>Serious and critical only, one line each: rule, element, what is wrong.</summary>
    private const string Run = """
        async () => (await axe.run()).violations
          .filter(violation => ['serious', 'critical'].includes(violation.impact))
          .flatMap(violation => violation.nodes.map(node => `${violation.id}: ${node.target.join(' ')}: ${node.failureSummary}`))
        """;

    private static readonly Lazy<Task<string>> s_axe =
        new(() => File.ReadAllTextAsync(Path.Combine(Checkout.Root, "src/Podvirt.Console/node_modules/axe-core/axe.min.js")));

    /// <summary>A look with axe in it.</summary>
    public static async Task<Look> WatchedAsync(Look look) => look with { Script = await s_axe.Value };

    public static async Task<string[]> OfAsync(ConsolePage page) =>
        (await page.Page.EvaluateAsync<JsonElement>(Run)).EnumerateArray().Select(e => e.GetString()!).ToArray();
}
