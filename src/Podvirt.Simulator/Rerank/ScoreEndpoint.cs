using System.Text.Json;
using Podvirt.Simulator.Completions;
using Podvirt.Simulator.Http;
using Podvirt.Simulator.Options;

namespace Podvirt.Simulator.Rerank;

/// <summary><c>POST /score</c> and <c>/v1/score</c>: how near pairs of texts are.</summary>
internal sealed class ScoreEndpoint(Scorer scorer, ServedModels models, TimeProvider time)
{
    // The names that engines have for the two sides.
    private static readonly (string First, string Second)[] _sides = [("queries", "documents"), ("queries", "items"), ("data_1", "data_2"), ("text_1", "text_2")];

    public async Task HandleAsync(HttpContext context)
    {
        using var document = await Json.ReadAsync(context);
        var fields = new Fields(document.RootElement);
        var (firstName, secondName) = Array.Find(_sides, side => fields.Has(side.First) && fields.Has(side.Second)) is { First: not null } found ? found : _sides[0];
        var first = ScoreInput.ReadAll(fields.Need(firstName), firstName);
        var second = ScoreInput.ReadAll(fields.Need(secondName), secondName);
        if (first.Length > 1 && first.Length != second.Length)
        {
            throw RequestException.Bad("Input lengths must be either 1:1, 1:N or N:N", secondName);
        }

        var model = models.Resolve(fields.Text("model"));
        models.Refuse(ModelKind.Chat, "Score API");
        models.Refuse(ModelKind.Code, "Score API");
        if (await scorer.ScoreAsync([.. second.Select((s, i) => (first[first.Length == 1 ? 0 : i], s))], context.RequestAborted) is { } scored)
        {
            var head = ReplyHead.Create(context, "score-", "list", model, time);
            await Json.ReplyAsync(context, writer => Write(writer, head, scored));
        }
    }

    private static void Write(Utf8JsonWriter writer, ReplyHead head, ScoredPairs scored)
    {
        writer.WriteStartObject();
        head.Write(writer);
        writer.WriteStartArray("data");
        for (var i = 0; i < scored.Scores.Length; i++)
        {
            writer.WriteStartObject();
            writer.WriteNumber("index", i);
            writer.WriteString("object", "score");
            writer.WriteNumber("score", scored.Scores[i]);
            writer.WriteEndObject();
        }

        writer.WriteEndArray();
        if (scored.ReportsUsage)
        {
            new ReplyUsage(scored.Tokens, 0, null).Write(writer);
        }

        writer.WriteEndObject();
    }
}
