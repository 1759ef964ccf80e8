using Microsoft.Extensions.DependencyInjection;
using Podvirt.Gateway.Videos.Engine;
using Podvirt.Gateway.Videos.Files;
using Podvirt.Gateway.Videos.Forms;

namespace Podvirt.Gateway.Videos;

/// <summary>The services of video jobs.</summary>
internal static class VideoServices
{
    /// <summary>Several gateways work on the jobs: one goes on where another died. Their uploads are in the bucket, too.</summary>
    public static void AddShared(IServiceCollection services, VideoOptions options)
    {
        services.AddSingleton<VideoTakeover>();
        if (options.Bucket is { } bucket)
        {
            services.AddSingleton(_ => new SharedForms(bucket));
        }
    }

    public static void Add(IServiceCollection services, VideoOptions options)
    {
        services.AddSingleton(options);
        services.AddSingleton<VideoFolder>();
        if (options.Bucket is { } bucket)
        {
            services.AddSingleton<IVideoFiles>(_ => new BucketVideoFiles(bucket));
        }
        else
        {
            services.AddSingleton<IVideoFiles, LocalVideoFiles>();
        }
        services.AddSingleton<VideoBook>();
        services.AddSingleton<VideoSpool>();
        services.AddSingleton<VideoFormReader>();
        services.AddSingleton<VideoAdmission>();
        services.AddSingleton<VideoEngine>();
        services.AddSingleton<VideoQueue>();
        services.AddSingleton<VideoAttempts>();
        services.AddSingleton<VideoBilling>();
        services.AddSingleton<VideoRunner>();
        services.AddSingleton<VideoRuns>();
        services.AddSingleton<VideoIntake>();
        services.AddSingleton<VideoContent>();
        services.AddSingleton<VideoCalls>();
        services.AddSingleton<VideoChat>();
        services.AddSingleton<VideosHandler>();
        services.AddSingleton(provider => new VideoConsole(provider.GetRequiredService<VideoCalls>(), provider.GetRequiredService<TimeProvider>()));
    }
}
