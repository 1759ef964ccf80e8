using Microsoft.Playwright;

namespace Podvirt.FunctionalTests.Browser;

/// <summary>How a page is looked at.</summary>
public sealed record Look(int Width = 1280, int Height = 800, bool Dark = false, bool SignedIn = true, string? Script = null);

/// <summary>
/// One page in a profile of its own. Everything that must not happen is collected: errors of scripts, refusals by the
/// content security policy, requests to other hosts, and refused calls that the test did not announce.
/// </summary>
public sealed class ConsolePage : IAsyncDisposable
{
    public const string Catalog = "/inference/serverless";

    private const string ReportViolations =
        "document.addEventListener('securitypolicyviolation', e => console.error(`policy: ${e.violatedDirective} ${e.blockedURI}`))";

    private readonly IBrowserContext _context;
    private readonly Uri _address;
    private readonly List<string> _problems = [];
    private readonly HashSet<int> _expected = [];

    private ConsolePage(IBrowserContext context, IPage page, Uri address)
    {
        _context = context;
        _address = address;
        Page = page;
        page.PageError += (_, error) => Add(error);
        page.Console += (_, message) =>
        {
            // The browser's own line about a refused call says less than the response below.
            if (message.Type is "error" or "warning" && !message.Text.StartsWith("Failed to load resource", StringComparison.Ordinal))
            {
                Add($"{message.Type}: {message.Text}");
            }
        };
        page.Request += (_, request) =>
        {
            if (!request.Url.StartsWith(_address.ToString(), StringComparison.Ordinal) && !request.Url.StartsWith("data:", StringComparison.Ordinal))
            {
                Add($"request to {request.Url}");
            }
        };
        page.Response += (_, response) =>
        {
            if (response.Status >= 400 && !_expected.Contains(response.Status))
            {
                Add($"{response.Status} for {response.Url}");
            }
        };
    }

    public IPage Page { get; }

    public ILocator LastAnswer => Page.GetByRole(AriaRole.Article, new() { Name = "Answer" }).Last;

    /// <summary>The last answer's own text, without the lines around it.</summary>
    public ILocator LastText => LastAnswer.Locator("[class*=markdown]");

    public ILocator Message => Page.GetByLabel("Message", new() { Exact = true });

    public static async Task<ConsolePage> OpenAsync(Chromium chromium, PodvirtProcess server, string path, Look? look = null)
    {
        look ??= new Look();
        var context = await chromium.Browser.NewContextAsync(new()
        {
            BaseURL = server.Address.ToString(),
            ViewportSize = new() { Width = look.Width, Height = look.Height },
            ColorScheme = look.Dark ? ColorScheme.Dark : ColorScheme.Light,
            ReducedMotion = ReducedMotion.Reduce,
        });
        await context.AddInitScriptAsync(ReportViolations);
        if (look.Script is not null)
        {
            await context.AddInitScriptAsync(look.Script);
        }
        if (look.SignedIn)
        {
            var signedIn = await context.APIRequest.PostAsync("/api/session", new()
            {
                DataObject = new { token = PodvirtProcess.AdminToken },
                Headers = new Dictionary<string, string> { ["X-Podvirt-Console"] = "1" },
            });
            Assert.True(signedIn.Ok, $"Signing in gave {signedIn.Status}.");
        }
        var page = new ConsolePage(context, await context.NewPageAsync(), server.Address);
        if (!look.SignedIn)
        {
            // The page asks who is signed in and hears: nobody.
            page.Expect(401);
        }
        await page.Page.GotoAsync(path);
        return page;
    }

    public static string ChatPath(string id) => $"{Catalog}/{Uri.EscapeDataString(id)}/chat";

    /// <summary>From now on calls may be refused with this status: the test is about that.</summary>
    public void Expect(int status) => _expected.Add(status);

    public ILocator Card(string name) => Page.GetByRole(AriaRole.List, new() { Name = "Models" }).GetByRole(AriaRole.Listitem)
        .Filter(new() { Has = Page.GetByRole(AriaRole.Heading, new() { Name = name, Exact = true }) });

    /// <summary>The catalog's names, in its order.</summary>
    public ILocator Names() => Page.GetByRole(AriaRole.List, new() { Name = "Models" }).GetByRole(AriaRole.Heading);

    /// <summary>A titled part of a page.</summary>
    public ILocator Panel(string title) => Page.GetByRole(AriaRole.Region, new() { Name = title, Exact = true });

    public async Task AskAsync(string question)
    {
        await Message.FillAsync(question);
        await Message.PressAsync("Enter");
    }

    public Task UntilAnsweredAsync() => Assertions.Expect(Figures()).ToBeVisibleAsync();

    public ILocator Figures() => LastAnswer.GetByRole(AriaRole.List, new() { Name = "Figures of this answer" });

    /// <summary>How far the page is wider than the screen, in pixels.</summary>
    public Task<int> OverflowAsync() => Page.EvaluateAsync<int>("document.documentElement.scrollWidth - document.documentElement.clientWidth");

    /// <summary>Closes the page; fails when anything happened that must not.</summary>
    public async Task CloseAsync()
    {
        await _context.CloseAsync();
        lock (_problems)
        {
            Assert.Empty(_problems);
        }
    }

    public async ValueTask DisposeAsync() => await _context.CloseAsync();

    private void Add(string problem)
    {
        lock (_problems)
        {
            _problems.Add(problem);
        }
    }
}
