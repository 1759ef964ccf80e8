using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging.Abstractions;
using Podvirt.Scheduler.Runtimes.Nomad;
using Podvirt.Scheduler.Runtimes.Nomad.Api;

namespace Podvirt.Scheduler.Tests.Runtimes.Nomad;

public sealed class AllocationWatchTests
{
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task WhoeverHearsFails_TheWatchBeginsAnew(bool hasEvents)
    {
        await using var agent = await FakeAgent.StartAsync((context, _) => AnswerAsync(context, hasEvents));
        var options = new NomadOptions { Address = agent.Address };
        using var client = new NomadClient(options, TimeProvider.System);
        using var ended = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        var failures = 0;
        var heard = new TaskCompletionSource();
        var watch = new AllocationWatch(
            client, options,
            (_, _) => failures++ == 0 ? throw new IOException("The state store does not answer.") : Task.CompletedTask,
            (_, _) =>
            {
                heard.TrySetResult();
                return Task.CompletedTask;
            },
            TimeProvider.System, NullLogger.Instance).RunAsync(ended.Token);
        await await Task.WhenAny(heard.Task, watch);
        Assert.True(heard.Task.IsCompleted, "the watch ended");
        await ended.CancelAsync();
        await watch;
    }

    private static async Task AnswerAsync(HttpContext context, bool hasEvents)
    {
        if (context.Request.Path != "/v1/event/stream")
        {
            await FakeAgent.Always(200, """[{"ID":"a1","JobID":"p-r1","NodeID":"n1","ClientStatus":"running"}]""")(context, 0);
            return;
        }
        if (!hasEvents)
        {
            context.Response.StatusCode = StatusCodes.Status404NotFound;
            return;
        }
        await context.Response.WriteAsync("{}\n");
        await context.Response.Body.FlushAsync();
        await Task.Delay(Timeout.Infinite, context.RequestAborted).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }
}
