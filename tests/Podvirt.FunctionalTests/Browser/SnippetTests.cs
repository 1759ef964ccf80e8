using System.Xml.Linq;
using Microsoft.Playwright;
using Podvirt.FunctionalTests.Fixtures;
using static Microsoft.Playwright.Assertions;

namespace Podvirt.FunctionalTests.Browser;

/// <summary>The programs that the catalog shows, run as they stand on the page. The key comes from the environment, as it does for the reader.</summary>
[Collection(nameof(Chromium))]
public sealed class SnippetTests(Chromium chromium)
{
    private const string Talker = "acme/talker-1.5";
    private const string Vectors = "vectors";

    private static readonly Dictionary<string, string> s_environment = new(StringComparer.Ordinal) { ["PODVIRT_API_KEY"] = PodvirtProcess.ApiKey };

    [Theory]
    [InlineData("curl")]
    [InlineData("Python")]
    [InlineData("JavaScript")]
    [InlineData("C#")]
    public async Task Snippet_RunsAsShown(string language)
    {
        await using var server = await PodvirtProcess.StartAsync(Configs.Catalog(Configs.Model(Talker), Configs.Model(Vectors, type: "embedding")));
        await using var page = await ConsolePage.OpenAsync(chromium, server, ConsolePage.Catalog);
        await page.Page.Context.GrantPermissionsAsync(["clipboard-read", "clipboard-write"]);
        var folder = Directory.CreateTempSubdirectory("podvirt-snippet-").FullName;
        try
        {
            var answer = await RunAsync(language, await ShownAsync(page, Talker, language), folder);
            Assert.True(answer.ExitCode == 0, answer.ToString());
            Assert.True(language == "curl" ? answer.Output.TrimEnd().EndsWith("data: [DONE]", StringComparison.Ordinal) : answer.Output.Trim().Length > 60, answer.ToString());

            var vector = await RunAsync(language, await ShownAsync(page, Vectors, language), folder);
            Assert.True(vector.ExitCode == 0, vector.ToString());
            Assert.Contains(language == "curl" ? "\"embedding\":[" : " dimensions: ", vector.Output, StringComparison.Ordinal);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
        var records = await server.RecordsAsync(2);
        Assert.Equal([Talker, Vectors], records.Select(r => (string)r["model"]!).Order(StringComparer.Ordinal));
        Assert.All(records, r => Assert.Equal("completed", (string)r["outcome"]!));
        await page.CloseAsync();
    }

    [Theory]
    [InlineData("curl")]
    [InlineData("Python")]
    [InlineData("JavaScript")]
    [InlineData("C#")]
    public async Task VideoSnippet_StoresAFile(string language)
    {
        await using var server = await VideoServer.StartAsync("--sim-video-time, 50ms", "{ sizes: [\"160x96\"], seconds: [2, 4] }");
        await using var page = await ConsolePage.OpenAsync(chromium, server, ConsolePage.Catalog);
        await page.Page.Context.GrantPermissionsAsync(["clipboard-read", "clipboard-write"]);
        var folder = Directory.CreateTempSubdirectory("podvirt-snippet-").FullName;
        try
        {
            var run = await RunAsync(language, await ShownAsync(page, VideoServer.Name, language), folder);
            Assert.True(run.ExitCode == 0 && run.Output.TrimEnd().EndsWith("video.mp4", StringComparison.Ordinal), run.ToString());
            var file = await File.ReadAllBytesAsync(Path.Combine(folder, "video.mp4"));
            Assert.Equal("ftyp"u8, file.AsSpan(4, 4));
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
        var record = Assert.Single(await server.RecordsAsync(1));
        Assert.Equal(("completed", "0.075000000000"), ((string)record["outcome"]!, (string)record["cost"]!));
        await page.CloseAsync();
    }

    /// <summary>What the dialog shows, which is also what its button copies.</summary>
    private static async Task<string> ShownAsync(ConsolePage page, string model, string language)
    {
        await page.Page.GetByRole(AriaRole.Button, new() { Name = $"API of {model}" }).ClickAsync();
        var dialog = page.Page.GetByRole(AriaRole.Dialog);
        await dialog.GetByRole(AriaRole.Tab, new() { Name = language }).ClickAsync();
        var shown = await dialog.GetByRole(AriaRole.Region, new() { Name = $"{language} snippet" }).InnerTextAsync();
        await dialog.GetByRole(AriaRole.Button, new() { Name = $"Copy the {language} snippet" }).ClickAsync();
        await Expect(dialog.GetByRole(AriaRole.Button, new() { Name = "Copied" })).ToBeVisibleAsync();
        Assert.Equal(shown, await page.Page.EvaluateAsync<string>("navigator.clipboard.readText()"));
        await page.Page.Keyboard.PressAsync("Escape");
        await Expect(dialog).ToHaveCountAsync(0);
        return shown;
    }

    private static async Task<ToolResult> RunAsync(string language, string text, string folder)
    {
        switch (language)
        {
            case "curl":
                return await Tool.RunAsync("sh", ["-c", text], s_environment, folder);
            case "Python":
                await File.WriteAllTextAsync(Path.Combine(folder, "snippet.py"), text);
                return await Tool.RunAsync("python3", ["snippet.py"], s_environment, folder);
            case "JavaScript":
                Directory.CreateSymbolicLink(Fresh(Path.Combine(folder, "node_modules")), Path.Combine(Checkout.Root, "tests/Podvirt.FunctionalTests/Clients/node_modules"));
                await File.WriteAllTextAsync(Path.Combine(folder, "snippet.mjs"), text);
                return await Tool.RunAsync("node", ["snippet.mjs"], s_environment, folder);
            default:
                await File.WriteAllTextAsync(Path.Combine(folder, "Snippet.csproj"), Project());
                await File.WriteAllTextAsync(Path.Combine(folder, "Program.cs"), text);
                return await Tool.RunAsync("dotnet", ["run"], s_environment, folder);
        }
    }

    private static string Fresh(string link)
    {
        if (Directory.Exists(link))
        {
            Directory.Delete(link);
        }
        return link;
    }

    /// <summary>What <c>dotnet new console</c> and <c>dotnet add package OpenAI</c> make, with the version that the other tests use.</summary>
    private static string Project()
    {
        var version = XDocument.Load(Path.Combine(Checkout.Root, "Directory.Packages.props")).Descendants("PackageVersion")
            .Single(p => (string?)p.Attribute("Include") == "OpenAI").Attribute("Version")!.Value;
        return $"""
            <Project Sdk="Microsoft.NET.Sdk">
              <PropertyGroup>
                <OutputType>Exe</OutputType>
                <TargetFramework>net10.0</TargetFramework>
                <ImplicitUsings>enable</ImplicitUsings>
                <Nullable>enable</Nullable>
              </PropertyGroup>
              <ItemGroup>
                <PackageReference Include="OpenAI" Version="{version}" />
              </ItemGroup>
            </Project>
            """;
    }
}
