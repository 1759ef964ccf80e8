using System.Globalization;
using Podvirt.Core.Models;
using Podvirt.Core.Projects;

namespace Podvirt.Configuration;

/// <summary>Reads <c>plans</c>.</summary>
internal static class PlanReader
{
    private const string Example = "plans: [{ id: free, tokens_per_month: { default: 1000000 } }]";
    private const int IdLengthMax = 64;

    /// <summary>More a minute than any machine serves: a higher number is a slip.</summary>
    private const int RateMax = 1_000_000_000;

    /// <summary>Tokens or seconds of a month: likewise.</summary>
    private const long MonthMax = 1_000_000_000_000_000;

    public static List<Plan> Read(MapReader top, IReadOnlyList<ModelSpec> models, ConfigFindings findings)
    {
        var plans = new List<Plan>();
        var firstLines = new Dictionary<string, int>(StringComparer.Ordinal);
        foreach (var (node, path) in top.TakeList("plans", Example))
        {
            if (MapReader.Open(node, path, findings, "{ id: free, tokens_per_month: { default: 1000000 } }") is not { } map)
            {
                continue;
            }
            var plan = ReadPlan(map, models);
            if (plan.Id.Length > 0 && !firstLines.TryAdd(plan.Id, map.LineOf("id")))
            {
                map.Error("id", $"'{plan.Id}' is taken by the plan on line {firstLines[plan.Id]}", "give each plan its own id");
            }
            plans.Add(plan);
        }
        return plans;
    }

    private static Plan ReadPlan(MapReader map, IReadOnlyList<ModelSpec> models)
    {
        var plan = new Plan
        {
            Id = ReadId(map),
            TokensPerMonth = ReadLimits(map, "tokens_per_month", models),
            VideoSecondsPerMonth = ReadLimits(map, "video_seconds_per_month", models),
            RequestsPerMinute = ReadRate(map, "requests_per_minute"),
            TokensPerMinute = ReadRate(map, "tokens_per_minute"),
        };
        map.Close();
        return plan;
    }

    private static string ReadId(MapReader map)
    {
        var id = map.TakeRequiredText("id", "give the plan a name, such as free");
        if (id == Plan.Unlimited)
        {
            map.Error("id", $"'{Plan.Unlimited}' is what a project without a plan has", "call the plan something else");
        }
        else if (id.Length > 0 && !(id.Length <= IdLengthMax && id.All(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_' or '.')))
        {
            map.Error("id", $"'{id}' is not allowed", $"use letters, digits and - _ ., at most {IdLengthMax} characters");
        }
        return id;
    }

    private static int? ReadRate(MapReader map, string key) => map.TakeWhole(key, fallback: 0, 1, RateMax) is > 0 and var rate ? rate : null;

    private static ModelLimits ReadLimits(MapReader map, string key, IReadOnlyList<ModelSpec> models)
    {
        if (map.Take(key) is YamlText text)
        {
            return new ModelLimits(ReadLimit(map, key, text), ModelLimits.None.Models);
        }
        if (map.TakeMap(key, $"{key}: {{ default: 1000000, qwen3-8b: 200000 }}") is not { } limits)
        {
            return ModelLimits.None;
        }
        long? all = null;
        var byModel = new SortedDictionary<string, long>(StringComparer.Ordinal);
        foreach (var name in limits.Keys())
        {
            var limit = limits.Take(name) is { } node ? ReadLimit(limits, name, node) : null;
            if (name == "default")
            {
                all = limit;
            }
            else if (models.All(m => m.Id != name))
            {
                var meant = Suggestion.For(name, [.. models.Select(m => m.Id), "default"]);
                limits.Error(name, "is no model of this file", meant is null ? "name one of 'models', or 'default' for all others" : $"did you mean '{meant}'?");
            }
            else if (limit is { } number)
            {
                byModel[name] = number;
            }
        }
        return new ModelLimits(all, byModel);
    }

    private static long? ReadLimit(MapReader map, string key, YamlNode node)
    {
        if (node is YamlText text && long.TryParse(text.Value, NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number <= MonthMax)
        {
            return number;
        }
        map.Error(key, node is YamlText wrong ? $"'{wrong.Value}' is not allowed" : $"is {node.Kind}", $"write a whole number from 0 to {MonthMax}");
        return null;
    }
}
