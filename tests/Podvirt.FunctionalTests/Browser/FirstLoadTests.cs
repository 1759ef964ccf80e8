using static Microsoft.Playwright.Assertions;

namespace Podvirt.FunctionalTests.Browser;

[Collection(nameof(Chromium))]
public sealed class FirstLoadTests(Chromium chromium, ConsoleServer server)
{
    private const int ScriptBytesMax = 300 * 1024;

    /// <summary>As it came over the wire: compressed.</summary>
    private const string ScriptBytes = """
        () => performance.getEntriesByType('resource')
          .filter(entry => new URL(entry.name).pathname.endsWith('.js'))
          .reduce((sum, entry) => sum + entry.encodedBodySize, 0)
        """;

    [Theory]
    [InlineData(ConsolePage.Catalog)]
    [InlineData($"{ConsolePage.Catalog}/{ConsoleServer.Thinker}/chat")]
    [InlineData($"{ConsolePage.Catalog}/{ConsoleServer.Painter}/video")]
    [InlineData("/inference/compare")]
    [InlineData("/inference/gpu-dashboard")]
    [InlineData("/inference/api-keys")]
    [InlineData("/inference/usage")]
    [InlineData("/inference/members")]
    public async Task FirstVisit_LoadsLittleScript(string path)
    {
        await using var page = await ConsolePage.OpenAsync(chromium, server.Process, path);
        await Expect(page.Page.GetByRole(Microsoft.Playwright.AriaRole.Heading, new() { Level = 1 })).ToBeVisibleAsync();
        var bytes = await page.Page.EvaluateAsync<int>(ScriptBytes);
        TestContext.Current.TestOutputHelper?.WriteLine($"{path}: {bytes / 1024} KiB of script");
        Assert.InRange(bytes, 1, ScriptBytesMax);
        await page.CloseAsync();
    }
}
