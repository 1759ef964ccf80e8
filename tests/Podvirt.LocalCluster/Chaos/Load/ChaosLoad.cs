using System.Collections.Concurrent;

namespace Podvirt.LocalCluster.Chaos.Load;

/// <summary>Clients that call all the time, each model through every gateway: streams that are read, streams that are left, and plain calls.</summary>
internal sealed class ChaosLoad(IReadOnlyDictionary<string, ChaosClient> gateways, IReadOnlyList<ChaosModel> models, Random random)
{
    private static readonly TimeSpan s_afterFailure = TimeSpan.FromMilliseconds(100);

    private readonly ConcurrentQueue<ChaosCall> _calls = new();

    public IReadOnlyCollection<ChaosCall> Calls => _calls;

    /// <summary>Returns when the last call has ended.</summary>
    public Task RunAsync(CancellationToken until) => Task.WhenAll(models
        .SelectMany(static m => Enumerable.Repeat(m, m.Callers))
        .Select(m => (model: m, own: new Random(random.Next())))
        .ToArray()
        .Select(c => RunOneAsync(c.model, c.own, until)));

    public async Task<ChaosCall> CallAsync(CallPlan plan)
    {
        var call = await gateways[plan.Gateway].CallAsync(plan);
        _calls.Enqueue(call);
        return call;
    }

    private async Task RunOneAsync(ChaosModel model, Random own, CancellationToken until)
    {
        while (!until.IsCancellationRequested)
        {
            var call = await CallAsync(Plan(model, own));
            var pause = call.End is CallEnd.Refused or CallEnd.Unanswered ? s_afterFailure : own.NextDouble() * model.Pause;
            await Task.Delay(pause, until).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private CallPlan Plan(ChaosModel model, Random own)
    {
        var gateway = gateways.Keys.Order(StringComparer.Ordinal).ElementAt(own.Next(gateways.Count));
        var session = $"s-{own.Next(40)}";
        return own.Next(8) switch
        {
            0 or 1 => new CallPlan(gateway, model.Id, IsStream: false, 5 + own.Next(60), null, session),
            2 => new CallPlan(gateway, model.Id, IsStream: true, 300, 1 + own.Next(100), session),
            3 => new CallPlan(gateway, model.Id, IsStream: true, 1 + own.Next(20), null, session),
            _ => new CallPlan(gateway, model.Id, IsStream: true, 50 + own.Next(250), null, session),
        };
    }
}

/// <summary>A model of the catalog, and how it is called.</summary>
/// <param name="Callers">Clients that call it, one call at a time each.</param>
/// <param name="Pause">The longest between two calls of one of them.</param>
internal sealed record ChaosModel(string Id, int Callers, TimeSpan Pause);
