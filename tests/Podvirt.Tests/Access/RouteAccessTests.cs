using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Podvirt.Access;
using Podvirt.Core.Usage;
using Podvirt.Messaging;
using Podvirt.Metering.Ledger;
using Podvirt.Tests.Members;

namespace Podvirt.Tests.Access;

/// <summary>
/// Who may call what. Every route has its line here; each is called by a stranger, by a member of another project, by a member of
/// the project, and by an admin.
/// </summary>
public sealed class RouteAccessTests : IAsyncLifetime
{
    /// <summary>What a caller gets who is not even let in, or to whom it is not there.</summary>
    private static readonly HttpStatusCode[] _closed = [HttpStatusCode.Unauthorized, HttpStatusCode.Forbidden, HttpStatusCode.NotFound];

    private PodvirtApp _app = null!;
    private Browser _insider = null!;
    private Browser _outsider = null!;
    private string _key = "";
    private string _member = "";
    private string _request = "";
    private string _month = "";
    private string _conversation = "";
    private readonly string _video = $"video_{Guid.CreateVersion7():n}";

    public async ValueTask InitializeAsync()
    {
        _app = await PodvirtApp.StartAsync();
        await KeepVideoAsync();
        _app = await _app.RestartAsync();
        await PostAsync("/api/projects", new { name = "mine" });
        await PostAsync("/api/projects", new { name = "theirs" });
        (_insider, _) = await Browser.InviteAsync(_app, "ada@example.com", "member", "mine");
        (_outsider, _) = await Browser.InviteAsync(_app, "eve@example.com", "member", "theirs");
        (_, _member) = await Browser.InviteAsync(_app, "grace@example.com", "member");
        _key = (await PostAsync("/api/keys", new { name = "k", project = "mine" })).GetProperty("key").GetProperty("id").GetString()!;
        using (var begun = await _insider.SendAsync("POST", "/api/conversations", new { model = "qwen/q3", project = "mine" }))
        {
            _conversation = (await begun.Content.ReadFromJsonAsync<JsonElement>()).GetProperty("id").GetString()!;
        }
        var now = TimeProvider.System.GetUtcNow();
        var id = Guid.CreateVersion7(now);
        var record = new UsageRecord
        {
            Id = id,
            Project = "mine",
            Key = _key,
            Model = "bge",
            Revision = 1,
            Surface = "embeddings",
            Outcome = UsageOutcome.Completed,
            Status = 200,
            StartedAt = now,
            DurationUs = 1000,
        };
        await _app.Services.GetRequiredService<ILedger>().AppendAsync([new RatedRecord(record, 0, Cost.Zero)]);
        (_request, _month) = (id.ToString(), now.UtcDateTime.ToString("yyyy-MM", System.Globalization.CultureInfo.InvariantCulture));
    }

    public ValueTask DisposeAsync() => _app.DisposeAsync();

    private IReadOnlyList<Call> Calls() =>
    [
        new("POST /api/session", Entry.Open, "/api/session"),
        new("GET /api/session", Entry.Open, "/api/session"),
        new("GET /api/session/methods", Entry.Open, "/api/session/methods"),
        new("DELETE /api/session", Entry.Open, null),
        new("POST /api/session/codes", Entry.TokenOnly, "/api/session/codes"),
        new("POST /api/session/invites/show", Entry.Open, "/api/session/invites/show"),
        new("POST /api/session/invites/accept", Entry.Open, "/api/session/invites/accept"),
        new("GET /api/session/oidc", Entry.Open, "/api/session/oidc"),
        new("GET /api/session/oidc/callback", Entry.Open, "/api/session/oidc/callback"),
        new("POST /api/session/password", Entry.Console, "/api/session/password"),
        new("* /api/{**path}", Entry.Open, null),

        new("GET /api/models", Entry.Member, "/api/models"),
        new("GET /api/models/{**id}", Entry.Member, "/api/models/qwen/q3"),
        new("GET /api/replicas", Entry.Member, "/api/replicas"),
        new("GET /api/replicas/{id}", Entry.Member, null),
        new("GET /api/gpus", Entry.Member, "/api/gpus"),
        new("GET /api/transitions", Entry.Member, "/api/transitions"),
        new("GET /api/events", Entry.Member, "/api/events"),
        new("GET /api/rates", Entry.Member, "/api/rates"),
        new("GET /api/projects", Entry.Member, "/api/projects"),
        new("GET /api/plans", Entry.Member, "/api/plans"),

        new("GET /api/conversations", Entry.Console, "/api/conversations"),
        new("POST /api/conversations", Entry.Console, "/api/conversations") { IsOfProject = true, Body = new { model = "qwen/q3", project = "mine" } },
        new("DELETE /api/conversations", Entry.Console, null),
        new("GET /api/conversations/retention", Entry.Console, "/api/conversations/retention"),
        new("PUT /api/conversations/retention", Entry.Console, "/api/conversations/retention") { Body = new { days = 30 } },
        new("GET /api/conversations/{id}", Entry.Console, $"/api/conversations/{_conversation}") { IsOwn = true },
        new("PATCH /api/conversations/{id}", Entry.Console, $"/api/conversations/{_conversation}") { IsOwn = true, Body = new { title = "t" } },
        new("GET /api/conversations/{id}/export", Entry.Console, $"/api/conversations/{_conversation}/export") { IsOwn = true },
        new("POST /api/conversations/{id}/answers", Entry.Console, $"/api/conversations/{_conversation}/answers") { IsOwn = true, Body = new { content = "" } },
        new("DELETE /api/conversations/{id}", Entry.Console, $"/api/conversations/{_conversation}") { IsOwn = true },
        new("POST /api/answers", Entry.Console, "/api/answers") { IsOfProject = true, Body = new { model = "qwen/q3", project = "mine", messages = Array.Empty<object>() } },
        new("GET /api/answers/{id}", Entry.Console, "/api/answers/none") { IsAbsent = true },
        new("POST /api/answers/{id}/stop", Entry.Console, "/api/answers/none/stop") { IsAbsent = true },
        new("GET /api/answers/{id}/events", Entry.Console, "/api/answers/none/events") { IsAbsent = true },
        new("GET /api/answers/{id}/frames", Entry.Console, "/api/answers/none/frames") { IsAbsent = true },

        new("GET /api/videos", Entry.Console, "/api/videos?project=mine") { IsOfProject = true },
        new("POST /api/videos", Entry.Console, "/api/videos?project=mine") { IsOfProject = true, Body = new { model = "qwen/q3", prompt = "a cat" } },
        new("GET /api/videos/{id}", Entry.Console, $"/api/videos/{_video}") { IsOfProject = true },
        new("GET /api/videos/{id}/content", Entry.Console, $"/api/videos/{_video}/content") { IsOfProject = true },
        // By the time the admin asks, the member has deleted it.
        new("DELETE /api/videos/{id}", Entry.Console, $"/api/videos/{_video}") { IsOfProject = true, IsAbsent = true },

        new("GET /api/keys", Entry.Member, "/api/keys?project=mine") { IsOfProject = true },
        new("POST /api/keys", Entry.Member, "/api/keys") { IsOfProject = true, Body = new { name = "another", project = "mine" } },
        new("PATCH /api/keys/{id}", Entry.Member, $"/api/keys/{_key}") { IsOfProject = true, Body = new { name = "renamed" } },
        new("POST /api/keys/{id}/rotate", Entry.Member, $"/api/keys/{_key}/rotate") { IsOfProject = true, Body = new { } },
        new("DELETE /api/keys/{id}", Entry.Member, $"/api/keys/{_key}") { IsOfProject = true },
        new("GET /api/projects/{id}/usage", Entry.Member, "/api/projects/mine/usage") { IsOfProject = true },
        new("GET /api/usage", Entry.Member, $"/api/usage?project=mine&key={_key}") { IsOfProject = true },
        new("GET /api/usage/summary", Entry.Member, "/api/usage/summary?project=mine") { IsOfProject = true },
        new("GET /api/usage/series", Entry.Member, "/api/usage/series?project=mine") { IsOfProject = true },
        new("GET /api/usage/swaps", Entry.Member, "/api/usage/swaps?project=mine") { IsOfProject = true },
        new("GET /api/requests", Entry.Member, "/api/requests?project=mine") { IsOfProject = true },
        new("GET /api/requests.csv", Entry.Member, "/api/requests.csv?project=mine") { IsOfProject = true },
        new("GET /api/requests/{id}", Entry.Member, $"/api/requests/{_request}") { IsOfProject = true },
        new("GET /api/invoices", Entry.Member, "/api/invoices?project=mine") { IsOfProject = true },
        new("GET /api/invoices/{**id}", Entry.Member, $"/api/invoices/draft-{_month}-mine.csv") { IsOfProject = true },

        new("POST /api/models/{**id}", Entry.Admin, "/api/models/qwen/q3/rates"),
        new("POST /api/gpus/{id}/{action}", Entry.Admin, "/api/gpus/SIM-0/undrain"),
        new("POST /api/catalog", Entry.Admin, "/api/catalog"),
        new("GET /api/replicas/{id}/logs", Entry.Admin, "/api/replicas/x/logs") { IsAbsent = true },
        new("GET /api/logs/{**id}", Entry.Admin, "/api/logs/qwen/q3"),
        new("POST /api/projects", Entry.Admin, "/api/projects"),
        new("PATCH /api/projects/{id}", Entry.Admin, "/api/projects/mine"),
        new("POST /api/projects/{id}/archive", Entry.Admin, "/api/projects/mine/archive"),
        new("POST /api/projects/{id}/restore", Entry.Admin, "/api/projects/mine/restore"),
        new("GET /api/usage/gpu-time", Entry.Admin, "/api/usage/gpu-time"),
        new("GET /api/usage/parked", Entry.Admin, "/api/usage/parked"),
        new("GET /api/reconcile", Entry.Admin, "/api/reconcile"),
        new("GET /api/reratings", Entry.Admin, "/api/reratings"),
        new("GET /api/members", Entry.ConsoleAdmin, "/api/members"),
        new("POST /api/members", Entry.ConsoleAdmin, "/api/members"),
        new("PATCH /api/members/{id}", Entry.ConsoleAdmin, $"/api/members/{_member}"),
        new("POST /api/members/{id}/invite", Entry.ConsoleAdmin, $"/api/members/{_member}/invite"),
        new("DELETE /api/members/{id}", Entry.ConsoleAdmin, $"/api/members/{_member}"),
    ];

    [Fact]
    public void EveryRoute_HasItsLineHere_AndStandsBehindTheGateAsItSays()
    {
        var routes = _app.Services.GetRequiredService<EndpointDataSource>().Endpoints.OfType<RouteEndpoint>()
            .Where(e => ("/" + e.RoutePattern.RawText!.TrimStart('/')).StartsWith("/api/", StringComparison.Ordinal))
            .SelectMany(e => (e.Metadata.GetMetadata<IHttpMethodMetadata>()?.HttpMethods ?? ["*"]).Select(method => (
                Route: $"{method} /{e.RoutePattern.RawText!.TrimStart('/')}", Entry: e.Metadata.GetMetadata<GuardedBy>()?.Entry)));

        Assert.Equal(
            Calls().Select(c => $"{c.Route}: {c.Entry}").Order(StringComparer.Ordinal),
            routes.Select(r => $"{r.Route}: {r.Entry?.ToString() ?? "no gate"}").Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task EachCall_IsOpenToThoseOnly_WhoMayMakeIt()
    {
        var wrong = new List<string>();
        foreach (var call in Calls().Where(c => c.Path is not null))
        {
            var isOpen = call.Entry == Entry.Open;
            var isMembers = call.Entry is Entry.Member or Entry.Console;
            Check("a stranger", await SendAsync(new Browser(_app).SendAsync, call), isOpen ? null : (HttpStatusCode.Unauthorized, "admin_required"));
            Check(
                "another project's member", await SendAsync(_outsider.SendAsync, call),
                !isOpen && !isMembers ? (HttpStatusCode.Forbidden, "admin_only") : call.IsOfProject || call.IsOwn ? (HttpStatusCode.NotFound, null) : null);
            Check("a member", await SendAsync(_insider.SendAsync, call), !isOpen && !isMembers ? (HttpStatusCode.Forbidden, "admin_only") : null);
            Check("an admin", await SendAsync(AsAdminAsync, call), call.IsOwn ? (HttpStatusCode.NotFound, null) : null);

            void Check(string who, (HttpStatusCode Status, string? Code) got, (HttpStatusCode Status, string? Code)? refusal)
            {
                var isRight = refusal is var (status, code)
                    ? got.Status == status && (code is null || got.Code == code)
                    // An open call asks for itself; what is asked for here need not make sense to it.
                    : isOpen || call.IsAbsent || !_closed.Contains(got.Status);
                if (!isRight)
                {
                    wrong.Add($"{call.Route} by {who}: {(int)got.Status} {got.Code}");
                }
            }
        }
        Assert.Empty(wrong);
    }

    /// <summary>One of the project 'mine' that failed: it has no file, and needs no engine.</summary>
    private async Task KeepVideoAsync()
    {
        var id = _video["video_".Length..];
        await _app.Services.GetRequiredService<IStateStore>().PutAsync(
            $"videos/mine/{id}",
            JsonSerializer.SerializeToUtf8Bytes(new
            {
                id = Guid.ParseExact(id, "n"),
                project = "mine",
                key = "",
                model = "film",
                revision = 1,
                prompt = "a cat",
                boundary = "b",
                spool_bytes = 0,
                reserved_us = 0,
                created_at = TimeProvider.System.GetUtcNow(),
                stage = "failed",
                end = new { outcome = "failed", status = 500, code = "x", message = "y", source = "none", cost = "0.000000000000", at = TimeProvider.System.GetUtcNow() },
            }));
    }

    private static async Task<(HttpStatusCode Status, string? Code)> SendAsync(Func<string, string, object?, Task<HttpResponseMessage>> send, Call call)
    {
        using var response = await send(call.Route.Split(' ')[0], call.Path!, call.Body);
        if (response.IsSuccessStatusCode)
        {
            return (response.StatusCode, null);
        }
        var error = (await response.Content.ReadFromJsonAsync<JsonElement>()).GetProperty("error");
        return (response.StatusCode, error.GetProperty("code").GetString());
    }

    private async Task<HttpResponseMessage> AsAdminAsync(string method, string path, object? body)
    {
        using var request = new HttpRequestMessage(new HttpMethod(method), path) { Content = body is null ? null : JsonContent.Create(body) };
        return await _app.Client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead);
    }

    private async Task<JsonElement> PostAsync(string path, object body)
    {
        using var response = await _app.Client.PostAsJsonAsync(path, body);
        Assert.Equal(HttpStatusCode.Created, response.StatusCode);
        return await response.Content.ReadFromJsonAsync<JsonElement>();
    }

    /// <param name="Route">Method and pattern.</param>
    /// <param name="Path">What is asked for; null: other tests call it.</param>
    private sealed record Call(string Route, Entry Entry, string? Path)
    {
        public object? Body { get; init; }

        /// <summary>It is of the project 'mine': to others it is not there.</summary>
        public bool IsOfProject { get; init; }

        /// <summary>It is the member's own: to others it is not there, to admins neither.</summary>
        public bool IsOwn { get; init; }

        /// <summary>There is none of it now, so even those who may see it are told so.</summary>
        public bool IsAbsent { get; init; }
    }
}
