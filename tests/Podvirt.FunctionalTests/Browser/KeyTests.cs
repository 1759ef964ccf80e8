using System.ClientModel;
using System.ClientModel.Primitives;
using System.Text.RegularExpressions;
using Microsoft.Playwright;
using OpenAI;
using OpenAI.Chat;
using static Microsoft.Playwright.Assertions;

namespace Podvirt.FunctionalTests.Browser;

/// <summary>Keys made, limited, tried, rotated and revoked in the console, with a real client between the steps.</summary>
[Collection(nameof(Chromium))]
public sealed class KeyTests(Chromium chromium)
{
    private const string Keys = "/inference/api-keys";

    private static readonly string s_catalog = Configs.Catalog(Configs.Model("chat"), Configs.Model("other"));

    [Fact]
    public async Task Key_WorksFromItsCreationToItsRevocation()
    {
        await using var server = await PodvirtProcess.StartAsync(s_catalog);
        await using var page = await ConsolePage.OpenAsync(chromium, server, Keys);
        await page.Page.Context.GrantPermissionsAsync(["clipboard-read", "clipboard-write"]);

        await Button(page, "New key").ClickAsync();
        await page.Page.GetByLabel("Name", new() { Exact = true }).FillAsync("ci");
        await page.Page.GetByRole(AriaRole.Combobox, new() { Name = "Allowed models" }).FillAsync("chat");
        await page.Page.GetByRole(AriaRole.Option, new() { Name = "chat" }).ClickAsync();
        await page.Page.GetByLabel("Expires").SelectOptionAsync("30d");
        await Button(page, "Create the key").ClickAsync();
        var first = await SecretAsync(page);
        await Button(page, "Copy the secret").ClickAsync();
        await Expect(Button(page, "Copied")).ToBeVisibleAsync();
        Assert.Equal(first, await page.Page.EvaluateAsync<string>("navigator.clipboard.readText()"));
        await Button(page, "Test it").ClickAsync();
        await Expect(page.Page.GetByText("It works: it may call 1 model.")).ToBeVisibleAsync();
        // What is shown once does not go by a slip of the finger.
        await page.Page.Keyboard.PressAsync("Escape");
        await Expect(Button(page, "I have stored it")).ToBeVisibleAsync();
        await CallAsync(server, first, "chat");
        Assert.Equal(403, await RefusedAsync(server, first, "other"));
        await Button(page, "I have stored it").ClickAsync();
        await Expect(Row(page, "ci")).ToContainTextAsync("Active");
        await Expect(Row(page, "ci")).ToContainTextAsync("in 29 days");
        Assert.DoesNotContain(first, await page.Page.ContentAsync(), StringComparison.Ordinal);
        Assert.DoesNotContain(first, await page.Page.EvaluateAsync<string>("JSON.stringify([localStorage, sessionStorage])"), StringComparison.Ordinal);

        await Button(page, "Test ci").ClickAsync();
        var pasted = page.Page.GetByRole(AriaRole.Dialog).GetByLabel("Secret", new() { Exact = true });
        await pasted.FillAsync("pv-another-one");
        await pasted.PressAsync("Enter");
        await Expect(page.Page.GetByText("This is another key’s secret")).ToBeVisibleAsync();
        await pasted.FillAsync(first);
        await pasted.PressAsync("Enter");
        await Expect(page.Page.GetByText("It works: it may call 1 model.")).ToBeVisibleAsync();
        await Button(page, "Close").Last.ClickAsync();

        await Button(page, "Rotate ci").ClickAsync();
        await page.Page.GetByLabel("The old secret works on for").SelectOptionAsync("24h");
        await Button(page, "Make a new secret").ClickAsync();
        var second = await SecretAsync(page);
        await Button(page, "Test it").ClickAsync();
        await Expect(page.Page.GetByText("It works: it may call 1 model.")).ToBeVisibleAsync();
        await Button(page, "I have stored it").ClickAsync();
        await Expect(Row(page, "ci")).ToContainTextAsync(new Regex($"The old secret {Regex.Escape(first[..6])}.*works until"));
        await CallAsync(server, first, "chat");
        await CallAsync(server, second, "chat");

        await Button(page, "Edit ci").ClickAsync();
        await page.Page.GetByLabel("Name", new() { Exact = true }).FillAsync("nightly");
        await page.Page.GetByLabel("Requests a minute").FillAsync("1");
        await Button(page, "Save").ClickAsync();
        await Expect(Row(page, "nightly")).ToContainTextAsync("Requests a minute1");
        Assert.Equal(429, await Until.SucceedsAsync(() => RefusedAsync(server, second, "chat")));

        page.Expect(401);
        await Button(page, "Revoke nightly").ClickAsync();
        await Button(page, "Revoke the key").ClickAsync();
        await Expect(page.Page.GetByRole(AriaRole.Status).Filter(new() { HasText = "nightly is revoked." })).ToHaveCountAsync(1);
        await Expect(Row(page, "nightly")).ToHaveCountAsync(0);
        Assert.Equal(401, await RefusedAsync(server, first, "chat"));
        Assert.Equal(401, await RefusedAsync(server, second, "chat"));
        await Button(page, "Show 1 revoked key").ClickAsync();
        await Expect(Row(page, "nightly")).ToContainTextAsync("Revoked");
        await Expect(Row(page, "nightly").GetByRole(AriaRole.Button)).ToHaveCountAsync(0);
        await page.CloseAsync();
    }

    [Fact]
    public async Task BudgetUsedUp_IsShownAndRefused()
    {
        await using var server = await PodvirtProcess.StartAsync(s_catalog);
        await using var page = await ConsolePage.OpenAsync(chromium, server, Keys);
        await Button(page, "New key").ClickAsync();
        await page.Page.GetByLabel("Name", new() { Exact = true }).FillAsync("small");
        await page.Page.GetByLabel("Monthly budget in USD").FillAsync("0.00001");
        await Button(page, "Create the key").ClickAsync();
        var secret = await SecretAsync(page);
        await Button(page, "I have stored it").ClickAsync();
        await Expect(Row(page, "small")).ToContainTextAsync("$0.00 of $0.00001");
        await Expect(Row(page, "small")).ToContainTextAsync("Within the limit");

        // It is cut where the budget ends.
        await foreach (var _ in Client(server, secret, "chat").CompleteChatStreamingAsync([new UserChatMessage("Tell a long story.")]))
        {
        }
        await Expect(Row(page, "small")).ToContainTextAsync("Little is left of the budget: calls that may cost more than that are refused.");
        Assert.Equal(429, await RefusedAsync(server, secret, "chat"));

        await Button(page, "Edit small").ClickAsync();
        await page.Page.GetByLabel("Monthly budget in USD").FillAsync("0.000001");
        await Button(page, "Save").ClickAsync();
        await Expect(Row(page, "small")).ToContainTextAsync("The budget is used up: calls are refused");
        await Expect(Row(page, "small").GetByRole(AriaRole.Meter)).ToHaveAttributeAsync("aria-valuetext", new Regex(" %: Used up$"));
        await page.CloseAsync();
    }

    [Fact]
    public async Task RefusedFields_SayWhyAndKeepWhatWasTyped()
    {
        await using var server = await PodvirtProcess.StartAsync(s_catalog);
        await using var page = await ConsolePage.OpenAsync(chromium, server, Keys);
        page.Expect(400);
        await Button(page, "New key").ClickAsync();
        var name = page.Page.GetByLabel("Name", new() { Exact = true });
        var budget = page.Page.GetByLabel("Monthly budget in USD");
        await budget.FillAsync("plenty");
        await Button(page, "Create the key").ClickAsync();
        await Expect(name).ToHaveAttributeAsync("aria-invalid", "true");
        await Expect(page.Page.GetByText("Give the key a name of 1 to")).ToBeVisibleAsync();
        await name.FillAsync("ci");
        await page.Page.GetByLabel("Expires").SelectOptionAsync("other");
        await page.Page.GetByLabel("Lifetime from now").FillAsync("soon");
        await name.PressAsync("Enter");
        await Expect(page.Page.GetByText("'soon' is not a lifetime")).ToBeVisibleAsync();
        await page.Page.GetByLabel("Lifetime from now").FillAsync("12h");
        await name.PressAsync("Enter");
        await Expect(page.Page.GetByText("'plenty' is no budget")).ToBeVisibleAsync();
        await budget.FillAsync("2.50");
        await Button(page, "Create the key").ClickAsync();
        await SecretAsync(page);
        await Button(page, "I have stored it").ClickAsync();
        await Expect(Row(page, "ci")).ToContainTextAsync("of $2.50");
        await Expect(Row(page, "ci")).ToContainTextAsync("in 11 h");
        await page.CloseAsync();
    }

    private static ILocator Button(ConsolePage page, string name) => page.Page.GetByRole(AriaRole.Button, new() { Name = name, Exact = true });

    private static ILocator Row(ConsolePage page, string name) => page.Page.GetByRole(AriaRole.List, new() { Name = "Keys" }).GetByRole(AriaRole.Listitem)
        .Filter(new() { Has = page.Page.GetByRole(AriaRole.Heading, new() { Name = name, Exact = true }) });

    private static async Task<string> SecretAsync(ConsolePage page)
    {
        var secret = await page.Page.GetByRole(AriaRole.Textbox, new() { Name = "Secret" }).InnerTextAsync();
        Assert.StartsWith("pv-", secret, StringComparison.Ordinal);
        return secret;
    }

    // No retries: a refusal is what is looked for.
    private static ChatClient Client(PodvirtProcess server, string secret, string model) => new OpenAIClient(
        new ApiKeyCredential(secret), new OpenAIClientOptions { Endpoint = new Uri(server.Address, "v1"), RetryPolicy = new ClientRetryPolicy(0) }).GetChatClient(model);

    private static Task<ClientResult<ChatCompletion>> CallAsync(PodvirtProcess server, string secret, string model) =>
        Client(server, secret, model).CompleteChatAsync([new UserChatMessage("Hello.")], new ChatCompletionOptions { MaxOutputTokenCount = 2 });

    private static async Task<int> RefusedAsync(PodvirtProcess server, string secret, string model) =>
        (await Assert.ThrowsAsync<ClientResultException>(() => CallAsync(server, secret, model))).Status;
}
