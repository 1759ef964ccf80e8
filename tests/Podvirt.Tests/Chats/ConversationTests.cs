using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using System.Text.Json.Nodes;
using Podvirt.Tests.Members;

namespace Podvirt.Tests.Chats;

public sealed class ConversationTests
{
    private static readonly string s_yaml = ChatApp.Yaml(ChatApp.Model("chat"), ChatApp.Model("embedder", "--sim-type, embedding", "embedding"));

    [Fact]
    public async Task EditedAndRegenerated_GrowATreeOfWhichOneBranchIsShown()
    {
        await using var app = await ChatApp.StartAsync(s_yaml);
        var conversation = await app.BeginConversationAsync("chat", new { max_tokens = 4 });
        var (q1, a1) = await app.AskAsync(conversation, "one");
        var first = await app.FollowAsync(a1);
        var (q2, a2) = await app.AskAsync(conversation, "two", a1);
        await app.FollowAsync(a2);

        // Again: a sibling of the answer.
        var again = (string)(await app.PostAsync($"/api/conversations/{conversation}/answers", new { parent = q2 }))["answer"]!["id"]!;
        await app.FollowAsync(again);

        // Edited: a sibling of the question, which is told nothing of the other branch.
        var (q3, a3) = await app.AskAsync(conversation, "two, but shorter", a1);
        await app.FollowAsync(a3);
        var request = JsonNode.Parse((string)(await app.GetAsync($"/api/answers/{a3}/frames"))["request"]!["body"]!)!;
        Assert.Equal(["one", first.Text, "two, but shorter"], request["messages"]!.AsArray().Select(m => (string)m!["content"]!));

        var view = await app.GetAsync($"/api/conversations/{conversation}");
        Assert.Equal(
            [(q1, null), (a1, q1), (q2, a1), (a2, q2), (again, q2), (q3, a1), (a3, q3)],
            view["messages"]!.AsArray().Select(m => ((string)m!["id"]!, (string?)m["parent"])));
        Assert.Equal(a3, (string)view["leaf"]!);
        using var chosen = await app.Client.PatchAsJsonAsync($"/api/conversations/{conversation}", new { leaf = a2 });
        Assert.Equal(a2, (string)(await app.GetAsync($"/api/conversations/{conversation}"))["leaf"]!);

        using var exported = await app.Client.GetAsync($"/api/conversations/{conversation}/export?format=markdown");
        Assert.Equal("attachment", exported.Content.Headers.ContentDisposition!.DispositionType);
        var markdown = await exported.Content.ReadAsStringAsync();
        Assert.Contains("## Question\n\ntwo\n", markdown, StringComparison.Ordinal);
        Assert.DoesNotContain("shorter", markdown, StringComparison.Ordinal);
        var json = await app.GetAsync($"/api/conversations/{conversation}/export");
        Assert.Equal(7, json["messages"]!.AsArray().Count);
    }

    [Fact]
    public async Task List_IsSearchedPagedAndChanged()
    {
        await using var app = await ChatApp.StartAsync(s_yaml);
        var ids = new List<string>();
        for (var at = 0; at < 5; at++)
        {
            var made = await app.PostAsync("/api/conversations", new { model = "chat", project = "default", title = $"Number {at} 100%_x" }, HttpStatusCode.Created);
            ids.Add((string)made["id"]!);
            Assert.Equal("", (string)made["settings"]!["system"]!);
        }
        var answered = await app.BeginConversationAsync("chat", new { max_tokens = 3 });
        await app.AnswerAsync(answered, "An unmistakable needle");

        var seen = new List<string>();
        string? before = null;
        do
        {
            var page = await app.GetAsync($"/api/conversations?limit=2{(before is null ? "" : $"&before={before}")}");
            seen.AddRange(page["data"]!.AsArray().Select(c => (string)c!["id"]!));
            before = (string?)page["next"];
        }
        while (before is not null);
        Assert.Equal([answered, .. ids.AsEnumerable().Reverse()], seen);

        async Task<int> CountAsync(string query) => (await app.GetAsync($"/api/conversations?{query}"))["data"]!.AsArray().Count;
        Assert.Equal(1, await CountAsync("search=NEEDLE"));
        Assert.Equal(1, await CountAsync("search=number%203"));
        Assert.Equal(5, await CountAsync("search=100%25_x"));
        Assert.Equal(0, await CountAsync("search=100x"));
        Assert.Equal(6, await CountAsync("model=chat"));
        Assert.Equal(0, await CountAsync("model=other"));

        using var renamed = await app.Client.PatchAsJsonAsync($"/api/conversations/{ids[0]}", new { title = " New name ", settings = new { temperature = 0.5 } });
        Assert.Equal(HttpStatusCode.OK, renamed.StatusCode);
        var view = await app.GetAsync($"/api/conversations/{ids[0]}");
        Assert.Equal(("New name", 0.5), ((string)view["title"]!, (double)view["settings"]!["temperature"]!));

        using var gone = await app.Client.DeleteAsync($"/api/conversations/{ids[0]}");
        Assert.Equal(HttpStatusCode.NoContent, gone.StatusCode);
        Assert.Equal("conversation_not_found", await ChatApp.RefusalAsync(app.Client.GetAsync($"/api/conversations/{ids[0]}"), HttpStatusCode.NotFound));
        using var all = await app.Client.DeleteAsync("/api/conversations");
        Assert.Equal(5, (await all.Content.ReadFromJsonAsync<JsonElement>()).GetProperty("deleted").GetInt32());
        Assert.Equal(0, await CountAsync(""));
    }

    [Fact]
    public async Task RunningAnswer_RefusesTheNextAndEndsWithItsConversation()
    {
        await using var app = await ChatApp.StartAsync(ChatApp.Yaml(ChatApp.Model("chat", "--sim-fault, slow-start=60s")));
        var conversation = await app.BeginConversationAsync("chat");
        var (question, id) = await app.AskAsync(conversation, "one");
        Assert.True((bool)(await app.GetAsync("/api/conversations"))["data"]![0]!["running"]!);
        Assert.Equal(
            "answer_running",
            await ChatApp.RefusalAsync(app.Client.PostAsJsonAsync($"/api/conversations/{conversation}/answers", new { parent = question }), HttpStatusCode.Conflict));
        var followed = app.FollowAsync(id);
        using var gone = await app.Client.DeleteAsync($"/api/conversations/{conversation}");
        Assert.Equal(HttpStatusCode.NoContent, gone.StatusCode);
        Assert.Equal("stopped", (await followed).Status);
        await ChatApp.UntilAsync(
            async () =>
            {
                using var shown = await app.Client.GetAsync($"/api/answers/{id}");
                return shown.StatusCode == HttpStatusCode.NotFound;
            },
            "The deleted answer is still there.");
    }

    [Theory]
    [InlineData("{}", 400, "model_required")]
    [InlineData("""{"model":"nothing"}""", 404, "model_not_found")]
    [InlineData("""{"model":"embedder"}""", 400, "wrong_model_type")]
    [InlineData("""{"model":"chat","project":"nothing"}""", 404, "project_not_found")]
    [InlineData("""{"model":"chat","title":"a\nb"}""", 400, "invalid_title")]
    [InlineData("""{"model":"chat","settings":{"temperature":2.5}}""", 400, "invalid_settings")]
    [InlineData("""{"model":"chat","settings":{"max_tokens":0}}""", 400, "invalid_settings")]
    [InlineData("""{"model":"chat","settings":{"stop":["a","b","c","d","e"]}}""", 400, "invalid_settings")]
    [InlineData("""{"model":"chat","settings":{"stop":[""]}}""", 400, "invalid_settings")]
    [InlineData("""{"model":"chat","settings":{"stop":[null]}}""", 400, "invalid_settings")]
    [InlineData("[]", 400, "invalid_json")]
    public async Task WrongConversation_IsRefusedByName(string body, int status, string code)
    {
        await using var app = await ChatApp.StartAsync(s_yaml);
        using var content = new StringContent(body, System.Text.Encoding.UTF8, "application/json");
        Assert.Equal(code, await ChatApp.RefusalAsync(app.Client.PostAsync("/api/conversations", content), (HttpStatusCode)status));
    }

    [Fact]
    public async Task WrongQuestion_IsRefusedByName()
    {
        await using var app = await ChatApp.StartAsync(s_yaml);
        var conversation = await app.BeginConversationAsync("chat", new { max_tokens = 3 });
        var (question, answer) = await app.AskAsync(conversation, "one");
        await app.FollowAsync(answer);
        Task<string> RefusedAsync(object body, HttpStatusCode status) =>
            ChatApp.RefusalAsync(app.Client.PostAsJsonAsync($"/api/conversations/{conversation}/answers", body), status);
        Assert.Equal("invalid_parent", await RefusedAsync(new { parent = answer }, HttpStatusCode.BadRequest));
        Assert.Equal("invalid_parent", await RefusedAsync(new { }, HttpStatusCode.BadRequest));
        Assert.Equal("invalid_parent", await RefusedAsync(new { parent = question, content = "x" }, HttpStatusCode.BadRequest));
        Assert.Equal("message_not_found", await RefusedAsync(new { parent = "x", content = "x" }, HttpStatusCode.NotFound));
        Assert.Equal("content_required", await RefusedAsync(new { parent = answer, content = "" }, HttpStatusCode.BadRequest));
        Assert.Equal("content_too_long", await RefusedAsync(new { parent = answer, content = new string('x', 400_001) }, HttpStatusCode.BadRequest));
        Assert.Equal("body_too_large", await RefusedAsync(new { parent = answer, content = new string('x', 1_100_000) }, HttpStatusCode.RequestEntityTooLarge));
        Assert.Equal(
            "message_not_found",
            await ChatApp.RefusalAsync(app.Client.PatchAsJsonAsync($"/api/conversations/{conversation}", new { leaf = "x" }), HttpStatusCode.NotFound));
        Assert.Equal(
            "invalid_messages",
            await ChatApp.RefusalAsync(
                app.Client.PostAsJsonAsync("/api/answers", new { model = "chat", messages = new[] { new { role = "assistant", content = "x" } } }), HttpStatusCode.BadRequest));
    }

    [Fact]
    public async Task ArchivedProject_AnswersNoMore()
    {
        await using var app = await ChatApp.StartAsync(s_yaml);
        await app.PostAsync("/api/projects", new { name = "Side", id = "side" }, HttpStatusCode.Created);
        var conversation = (string)(await app.PostAsync("/api/conversations", new { model = "chat", project = "side" }, HttpStatusCode.Created))["id"]!;
        await app.PostAsync("/api/projects/side/archive", new { }, HttpStatusCode.OK);
        Assert.Equal(
            "project_archived",
            await ChatApp.RefusalAsync(app.Client.PostAsJsonAsync($"/api/conversations/{conversation}/answers", new { content = "x" }), HttpStatusCode.Conflict));
        Assert.Equal(
            "project_archived",
            await ChatApp.RefusalAsync(app.Client.PostAsJsonAsync("/api/conversations", new { model = "chat", project = "side" }), HttpStatusCode.Conflict));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(3651)]
    public async Task Retention_IsKeptWithinItsBounds(int wrong)
    {
        await using var app = await ChatApp.StartAsync(s_yaml);
        Assert.Null((await app.GetAsync("/api/conversations/retention"))["days"]);
        using var set = await app.Client.PutAsJsonAsync("/api/conversations/retention", new { days = 30 });
        Assert.Equal(HttpStatusCode.OK, set.StatusCode);
        Assert.Equal("invalid_retention", await ChatApp.RefusalAsync(app.Client.PutAsJsonAsync("/api/conversations/retention", new { days = wrong }), HttpStatusCode.BadRequest));
        Assert.Equal(30, (int)(await app.GetAsync("/api/conversations/retention"))["days"]!);
        using var cleared = await app.Client.PutAsJsonAsync("/api/conversations/retention", new { days = (int?)null });
        Assert.Null((await app.GetAsync("/api/conversations/retention"))["days"]);
    }

    [Fact]
    public async Task AnothersConversation_IsNotThere()
    {
        await using var app = await PodvirtApp.StartAsync();
        using var side = await app.Client.PostAsJsonAsync("/api/projects", new { name = "Side", id = "side" });
        var (anna, _) = await Browser.InviteAsync(app, "anna@example.com", "member", "default");
        var (ben, benId) = await Browser.InviteAsync(app, "ben@example.com", "member", "default", "side");
        using var made = await anna.SendAsync("POST", "/api/conversations", new { model = "qwen/q3" });
        Assert.Equal(HttpStatusCode.Created, made.StatusCode);
        var id = (await made.Content.ReadFromJsonAsync<JsonElement>()).GetProperty("id").GetString()!;

        foreach (var (method, path) in ((string, string)[])[("GET", ""), ("PATCH", ""), ("DELETE", ""), ("GET", "/export"), ("POST", "/answers")])
        {
            Assert.Equal("conversation_not_found", await ben.RefusedAsync(method, $"/api/conversations/{id}{path}", HttpStatusCode.NotFound, method is "PATCH" or "POST" ? new { title = "x" } : null));
        }
        Assert.Equal(0, (await ben.GetAsync("/api/conversations")).GetProperty("data").GetArrayLength());
        Assert.Equal(1, (await anna.GetAsync("/api/conversations")).GetProperty("data").GetArrayLength());
        Assert.Equal("project_required", await ben.RefusedAsync("POST", "/api/conversations", HttpStatusCode.BadRequest, new { model = "qwen/q3" }));
        Assert.Equal("project_not_found", await anna.RefusedAsync("POST", "/api/conversations", HttpStatusCode.NotFound, new { model = "qwen/q3", project = "side" }));

        // What a lost project paid for vanishes with it, and a member's all with them.
        using var bens = await ben.SendAsync("POST", "/api/conversations", new { model = "qwen/q3", project = "side" });
        var sideId = (await bens.Content.ReadFromJsonAsync<JsonElement>()).GetProperty("id").GetString()!;
        using var moved = await app.Client.PatchAsJsonAsync($"/api/members/{benId}", new { projects = new[] { "default" } });
        Assert.Equal(HttpStatusCode.OK, moved.StatusCode);
        Assert.Equal("conversation_not_found", await ben.RefusedAsync("GET", $"/api/conversations/{sideId}", HttpStatusCode.NotFound));
        Assert.Equal(0, (await ben.GetAsync("/api/conversations")).GetProperty("data").GetArrayLength());
    }

    [Fact]
    public async Task AnothersAnswer_IsNotThere()
    {
        await using var app = await PodvirtApp.StartAsync();
        var (anna, annaId) = await Browser.InviteAsync(app, "anna@example.com", "member", "default");
        var (ben, _) = await Browser.InviteAsync(app, "ben@example.com", "member", "default");
        using var begun = await anna.SendAsync("POST", "/api/answers", new { model = "qwen/q3", messages = new[] { new { role = "user", content = "Hello?" } } });
        Assert.Equal(HttpStatusCode.Accepted, begun.StatusCode);
        var id = (await begun.Content.ReadFromJsonAsync<JsonElement>()).GetProperty("id").GetString()!;
        foreach (var (method, path) in ((string, string)[])[("GET", ""), ("POST", "/stop"), ("GET", "/events"), ("GET", "/frames")])
        {
            Assert.Equal("answer_not_found", await ben.RefusedAsync(method, $"/api/answers/{id}{path}", HttpStatusCode.NotFound));
        }

        // Nobody answers for a member who may no longer ask.
        using var disabled = await app.Client.PatchAsJsonAsync($"/api/members/{annaId}", new { disabled = true });
        Assert.Equal(HttpStatusCode.OK, disabled.StatusCode);
        await ChatApp.UntilAsync(
            async () => (await app.GetAsync("/api/requests")).GetProperty("data").EnumerateArray().Any(r => r.GetProperty("outcome").GetString() == "cancelled"),
            "The answer was not stopped.");
    }
}
