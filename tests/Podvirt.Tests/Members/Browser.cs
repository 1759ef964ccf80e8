using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using Microsoft.Net.Http.Headers;

namespace Podvirt.Tests.Members;

/// <summary>Somebody's browser, as the console's pages use it: it keeps the cookie and sends the console's header.</summary>
internal sealed class Browser(PodvirtApp app)
{
    private readonly Dictionary<string, string> _cookies = new(StringComparer.Ordinal);

    public const string MemberPassword = "a long enough password";

    public static async Task<Browser> SignInAsync(PodvirtApp app, object credential)
    {
        var browser = new Browser(app);
        using var response = await browser.SendAsync("POST", "/api/session", credential);
        Assert.Equal(HttpStatusCode.NoContent, response.StatusCode);
        return browser;
    }

    /// <summary>Adds a member, and gives the browser in which they used their link.</summary>
    public static async Task<(Browser Browser, string Id)> InviteAsync(PodvirtApp app, string email, string role = "member", params string[] projects)
    {
        using var made = await app.Client.PostAsJsonAsync("/api/members", new { name = email.Split('@')[0], email, role, projects });
        Assert.Equal(HttpStatusCode.Created, made.StatusCode);
        var invited = await made.Content.ReadFromJsonAsync<JsonElement>();
        var browser = new Browser(app);
        using var accepted = await browser.SendAsync("POST", "/api/session/invites/accept", new { code = CodeOf(invited), password = MemberPassword });
        Assert.Equal(HttpStatusCode.NoContent, accepted.StatusCode);
        return (browser, invited.GetProperty("member").GetProperty("id").GetString()!);
    }

    /// <summary>The same browser at another server, or at the same after a restart.</summary>
    public Browser In(PodvirtApp other)
    {
        var browser = new Browser(other);
        foreach (var (name, cookie) in _cookies)
        {
            browser._cookies[name] = cookie;
        }
        return browser;
    }

    /// <summary>The code in the link of an invite.</summary>
    public static string CodeOf(JsonElement invited) => invited.GetProperty("invite_url").GetString()!.Split("#invite=")[1];

    public async Task<HttpResponseMessage> SendAsync(string method, string path, object? body = null)
    {
        using var request = new HttpRequestMessage(new HttpMethod(method), path);
        request.Headers.Add("X-Podvirt-Console", "1");
        request.Headers.Add("Origin", "http://console.example.com");
        if (_cookies.Count > 0)
        {
            request.Headers.Add("Cookie", string.Join("; ", _cookies.Values));
        }
        if (body is not null)
        {
            request.Content = JsonContent.Create(body);
        }
        var response = await app.Stranger.SendAsync(request, HttpCompletionOption.ResponseHeadersRead);
        if (response.Headers.TryGetValues(HeaderNames.SetCookie, out var cookies))
        {
            foreach (var cookie in cookies)
            {
                _cookies[cookie.Split('=')[0]] = cookie.Split(';')[0];
            }
        }
        return response;
    }

    public async Task<JsonElement> GetAsync(string path)
    {
        using var response = await SendAsync("GET", path);
        Assert.True(response.IsSuccessStatusCode, $"{path}: {response.StatusCode} {await response.Content.ReadAsStringAsync()}");
        return await response.Content.ReadFromJsonAsync<JsonElement>();
    }

    public async Task<string?> RefusedAsync(string method, string path, HttpStatusCode status, object? body = null)
    {
        using var response = await SendAsync(method, path, body);
        return await PodvirtApp.RefusalAsync(response, status);
    }
}
