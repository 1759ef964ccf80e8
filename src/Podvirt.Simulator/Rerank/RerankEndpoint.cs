using System.Text.Json;
using Podvirt.Simulator.Completions;
using Podvirt.Simulator.Http;
using Podvirt.Simulator.Options;

namespace Podvirt.Simulator.Rerank;

/// <summary><c>POST /rerank</c>, <c>/v1/rerank</c> and <c>/v2/rerank</c>: documents by how near they are to a query, the nearest first.</summary>
internal sealed class RerankEndpoint(Scorer scorer, ServedModels models, TimeProvider time)
{
    public async Task HandleAsync(HttpContext context)
    {
        using var document = await Json.ReadAsync(context);
        var fields = new Fields(document.RootElement);
        var query = ScoreInput.Read(fields.Need("query"), "query");
        var documents = ScoreInput.ReadAll(fields.Need("documents"), "documents");
        var best = fields.Whole("top_n") ?? 0;
        var model = models.Resolve(fields.Text("model"));
        models.Refuse(ModelKind.Chat, "Score API");
        models.Refuse(ModelKind.Code, "Score API");
        if (await scorer.ScoreAsync([.. documents.Select(d => (query, d))], context.RequestAborted) is not { } scored)
        {
            return;
        }

        // Of equal ones the first stays first.
        var ranked = Enumerable.Range(0, documents.Length).OrderByDescending(i => scored.Scores[i]).Take(best > 0 ? (int)best : documents.Length);
        var head = ReplyHead.Create(context, "rerank-", "", model, time);
        await Json.ReplyAsync(context, writer => Write(writer, head, scored, ranked, documents));
    }

    private static void Write(Utf8JsonWriter writer, ReplyHead head, ScoredPairs scored, IEnumerable<int> ranked, ScoreInput[] documents)
    {
        writer.WriteStartObject();
        writer.WriteString("id", head.Id);
        writer.WriteString("model", head.Model);
        if (scored.ReportsUsage)
        {
            writer.WriteStartObject("usage");
            writer.WriteNumber("prompt_tokens", scored.Tokens);
            writer.WriteNumber("total_tokens", scored.Tokens);
            writer.WriteEndObject();
        }

        writer.WriteStartArray("results");
        foreach (var index in ranked)
        {
            writer.WriteStartObject();
            writer.WriteNumber("index", index);
            writer.WriteStartObject("document");
            writer.WriteString("text", documents[index].Text);
            writer.WriteNull("multi_modal");
            writer.WriteEndObject();
            writer.WriteNumber("relevance_score", scored.Scores[index]);
            writer.WriteEndObject();
        }

        writer.WriteEndArray();
        writer.WriteEndObject();
    }
}
