using System.Net.Http.Json;
using Microsoft.Playwright;
using static Microsoft.Playwright.Assertions;

namespace Podvirt.FunctionalTests.Browser;

/// <summary>Members from their invite to their end: an admin's page beside the member's own.</summary>
[Collection(nameof(Chromium))]
public sealed class MemberTests(Chromium chromium)
{
    private const string Members = "/inference/members";
    private const string Password = "a boat in a bottle";

    private static readonly Look s_stranger = new(SignedIn: false);

    [Fact]
    public async Task InvitedMember_SeesTheirProjectAndNothingOfOthers()
    {
        await using var server = await PodvirtProcess.StartAsync(Configs.Catalog(Configs.Model("chat")));
        await using var admin = await ConsolePage.OpenAsync(chromium, server, $"{Members}?view=projects");
        await CreateProjectAsync(admin, "Search");
        foreach (var (name, project) in ((string, string)[])[("search key", "search"), ("house key", "default")])
        {
            using var created = await server.Admin.PostAsJsonAsync("api/keys", new { name, project });
            Assert.True(created.IsSuccessStatusCode);
        }
        var link = await InviteAsync(admin, "Ada Lovelace", "ada@example.com", "Search");

        await using var member = await ConsolePage.OpenAsync(chromium, server, link, s_stranger);
        await Expect(member.Page.GetByRole(AriaRole.Heading, new() { Name = "Welcome, Ada Lovelace" })).ToBeVisibleAsync();
        Assert.DoesNotContain("invite", member.Page.Url, StringComparison.Ordinal);
        await Expect(member.Page.GetByLabel("E-mail")).ToHaveValueAsync("ada@example.com");
        var password = member.Page.GetByLabel("New password");
        await password.FillAsync("too short");
        await password.PressAsync("Enter");
        await Expect(member.Page.GetByText("A password has at least 12 characters.")).ToBeVisibleAsync();
        await password.FillAsync(Password);
        await password.PressAsync("Enter");
        await Expect(member.Card("chat")).ToBeVisibleAsync();
        await Expect(member.Page.GetByRole(AriaRole.Region, new() { Name = "Account" })).ToContainTextAsync("Ada LovelaceMember · ada@example.com");

        await Expect(member.Page.GetByRole(AriaRole.Link, new() { Name = "Members" })).ToHaveCountAsync(0);
        await member.Page.EvaluateAsync("localStorage.setItem('podvirt.project', 'default')");
        await member.Page.GotoAsync("/inference/api-keys");
        await Expect(member.Page.GetByRole(AriaRole.Heading, new() { Name = "search key" })).ToBeVisibleAsync();
        await Expect(member.Page.GetByRole(AriaRole.Heading, new() { Name = "house key" })).ToHaveCountAsync(0);
        await member.Page.GotoAsync(Members);
        await Expect(member.Page.GetByRole(AriaRole.Heading, new() { Name = "This page is for admins" })).ToBeVisibleAsync();

        // By the API, with the member's own cookie.
        (string Path, int Status)[] calls =
        [
            ("/api/keys?project=search", 200), ("/api/keys?project=default", 404), ("/api/projects/search/usage", 200), ("/api/projects/default/usage", 404),
            ("/api/usage/summary?window=24h&project=default", 404), ("/api/requests?project=default", 404), ("/api/members", 403), ("/api/reconcile", 403),
        ];
        foreach (var (path, status) in calls)
        {
            Assert.Equal((path, status), (path, (await member.Page.APIRequest.GetAsync(path)).Status));
        }

        var listed = await (await member.Page.APIRequest.GetAsync("/api/projects")).TextAsync();
        Assert.Contains("\"id\":\"search\"", listed, StringComparison.Ordinal);
        Assert.DoesNotContain("\"id\":\"default\"", listed, StringComparison.Ordinal);

        // The link is used up.
        await using var late = await ConsolePage.OpenAsync(chromium, server, link, s_stranger);
        late.Expect(404);
        await Expect(late.Page.GetByRole(AriaRole.Alert)).ToContainTextAsync("has been used");
        await late.Page.GetByRole(AriaRole.Button, new() { Name = "To the sign-in page" }).ClickAsync();
        await Expect(late.Page.GetByLabel("Admin token")).ToBeVisibleAsync();
        await admin.CloseAsync();
    }

    [Fact]
    public async Task AdminsChange_HoldsForTheMemberAtOnce()
    {
        await using var server = await PodvirtProcess.StartAsync(Configs.Catalog(Configs.Model("chat")));
        await using var admin = await ConsolePage.OpenAsync(chromium, server, $"{Members}?view=projects");
        await CreateProjectAsync(admin, "Search");
        var link = await InviteAsync(admin, "Ada", "ada@example.com", "Search");
        await using var member = await ConsolePage.OpenAsync(chromium, server, link, s_stranger);
        await member.Page.GetByLabel("New password").FillAsync(Password);
        await member.Page.GetByLabel("New password").PressAsync("Enter");
        await Expect(member.Card("chat")).ToBeVisibleAsync();
        await member.Page.GotoAsync("/inference/api-keys");
        await Expect(member.Page.GetByText("No keys of Search yet")).ToBeVisibleAsync();

        await admin.Page.ReloadAsync();
        await Expect(Row(admin, "Ada")).ToContainTextAsync("Active");
        await DoAsync(admin, "Edit Ada", async dialog => await dialog.GetByLabel("Role").SelectOptionAsync("admin"), "Save");
        await Expect(Row(admin, "Ada")).ToContainTextAsync("RoleAdmin");
        await member.Page.ReloadAsync();
        await Expect(member.Page.GetByRole(AriaRole.Link, new() { Name = "Members" })).ToBeVisibleAsync();
        // Until it hears that it is a member again, the page may ask for the project that it had chosen as an admin.
        member.Expect(404);
        await DoAsync(admin, "Edit Ada", async dialog => await dialog.GetByLabel("Role").SelectOptionAsync("member"), "Save");
        await Expect(Row(admin, "Ada")).ToContainTextAsync("RoleMember");
        Assert.Equal(403, (await member.Page.APIRequest.GetAsync("/api/members")).Status);

        member.Expect(401);
        member.Expect(403);
        await DoAsync(admin, "Disable Ada", null, "Disable");
        await Expect(Row(admin, "Ada")).ToContainTextAsync("Disabled");
        Assert.Equal(401, (await member.Page.APIRequest.GetAsync("/api/models")).Status);
        // The page notices by itself.
        await Expect(member.Page.GetByLabel("Password", new() { Exact = true })).ToBeVisibleAsync();
        await SignInAsync(member, Password);
        await Expect(member.Page.GetByText("This account is disabled.")).ToBeVisibleAsync();

        await DoAsync(admin, "Enable Ada", null, "Enable");
        await SignInAsync(member, Password);
        await Expect(member.Page.GetByText("No keys of Search yet")).ToBeVisibleAsync();

        await DoAsync(admin, "New link for Ada", null, "Make a new link");
        await Expect(admin.Page.GetByRole(AriaRole.Textbox, new() { Name = "Invite link" })).ToContainTextAsync("#invite=");
        Assert.Equal(401, (await member.Page.APIRequest.GetAsync("/api/models")).Status);
        await admin.Page.GetByRole(AriaRole.Button, new() { Name = "I have copied it" }).ClickAsync();
        await Expect(Row(admin, "Ada")).ToContainTextAsync("Invited");
        await DoAsync(admin, "Remove Ada", null, "Remove");
        await Expect(admin.Page.GetByText("Nobody but the holder of the admin token")).ToBeVisibleAsync();
        await admin.CloseAsync();
        await member.CloseAsync();
    }

    [Fact]
    public async Task Project_IsCreatedGivenAPlanAndArchived()
    {
        await using var server = await PodvirtProcess.StartAsync(Configs.Catalog(Configs.Model("chat")) + "\nplans:\n  - id: team\n    tokens_per_month: 1000\n");
        await using var page = await ConsolePage.OpenAsync(chromium, server, $"{Members}?view=projects");
        await CreateProjectAsync(page, "Search");
        await DoAsync(page, "Edit Search", async dialog =>
        {
            await dialog.GetByLabel("Name").FillAsync("Search & find");
            await dialog.GetByLabel("Plan").SelectOptionAsync("team");
        }, "Save");
        await Expect(Row(page, "Search & find")).ToContainTextAsync("Planteam");

        // The switcher has it, and the catalog then shows its plan.
        await page.Page.GetByLabel("Project", new() { Exact = true }).SelectOptionAsync("search");
        await page.Page.GotoAsync(ConsolePage.Catalog);
        await Expect(page.Card("chat")).ToContainTextAsync("0 of 1,000 tokens");
        await page.Page.ReloadAsync();
        await Expect(page.Page.GetByLabel("Project", new() { Exact = true })).ToHaveValueAsync("search");

        await page.Page.GotoAsync($"{Members}?view=projects");
        await DoAsync(page, "Archive Search & find", null, "Archive");
        await Expect(Row(page, "Search & find")).ToContainTextAsync("Archived");
        await Expect(page.Page.GetByLabel("Project", new() { Exact = true })).ToHaveCountAsync(0);
        await DoAsync(page, "Restore Search & find", null, "Restore");
        await Expect(page.Page.GetByLabel("Project", new() { Exact = true })).ToHaveValueAsync("search");
        await page.CloseAsync();
    }

    private static ILocator Row(ConsolePage page, string name) => page.Page.GetByRole(AriaRole.Main).GetByRole(AriaRole.Listitem)
        .Filter(new() { Has = page.Page.GetByRole(AriaRole.Heading, new() { Name = name, Exact = true }) });

    private static async Task DoAsync(ConsolePage page, string button, Func<ILocator, Task>? fill, string confirm)
    {
        await page.Page.GetByRole(AriaRole.Button, new() { Name = button, Exact = true }).ClickAsync();
        var dialog = page.Page.GetByRole(AriaRole.Dialog);
        if (fill is not null)
        {
            await fill(dialog);
        }
        await dialog.GetByRole(AriaRole.Button, new() { Name = confirm, Exact = true }).ClickAsync();
    }

    private static async Task CreateProjectAsync(ConsolePage page, string name)
    {
        await DoAsync(page, "New project", async dialog => await dialog.GetByLabel("Name").FillAsync(name), "Create the project");
        await Expect(Row(page, name)).ToContainTextAsync("Active");
    }

    private static async Task<string> InviteAsync(ConsolePage admin, string name, string email, string project)
    {
        await admin.Page.GetByRole(AriaRole.Tab, new() { Name = "Members" }).ClickAsync();
        await admin.Page.WaitForURLAsync("**/members");
        await DoAsync(admin, "Invite", async dialog =>
        {
            await dialog.GetByLabel("Name").FillAsync(name);
            await dialog.GetByLabel("E-mail").FillAsync(email);
            var projects = dialog.GetByRole(AriaRole.Combobox, new() { Name = "Projects" });
            await projects.FillAsync(project);
            await admin.Page.GetByRole(AriaRole.Listbox, new() { Name = "Projects" }).GetByRole(AriaRole.Option, new() { Name = project }).ClickAsync();
            // The list of choices stays for more until the field is left.
            await projects.PressAsync("Tab");
        }, "Invite");
        var link = await admin.Page.GetByRole(AriaRole.Textbox, new() { Name = "Invite link" }).InnerTextAsync();
        await admin.Page.GetByRole(AriaRole.Button, new() { Name = "I have copied it" }).ClickAsync();
        await Expect(Row(admin, name)).ToContainTextAsync("Invited");
        await Expect(Row(admin, name)).ToContainTextAsync($"Projects{project}");
        return link;
    }

    private static async Task SignInAsync(ConsolePage page, string password)
    {
        await page.Page.GetByLabel("E-mail").FillAsync("ada@example.com");
        await page.Page.GetByLabel("Password", new() { Exact = true }).FillAsync(password);
        await page.Page.GetByRole(AriaRole.Button, new() { Name = "Sign in", Exact = true }).ClickAsync();
    }
}
