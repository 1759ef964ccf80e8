# One engine of Podvirt. Podvirt's scheduler fills this in and registers it, one job for each replica: it gives the job its id, its meta
# data, its command line, its environment with the engine's key, and its place (a node, or a claim on gpus).
# What is written here is for whoever runs the cluster to change: point `nomad.template` to a copy.

variable "datacenters" {
  type = list(string)
}

variable "node_pool" {
  type = string
}

variable "cpu" {
  type = number
}

# MiB. Covers the weights of an engine that sleeps at level 1, which hold host memory.
variable "memory" {
  type = number
}

variable "kill_timeout" {
  type = string
}

variable "image" {
  type = string
}

job "podvirt-engine" {
  type        = "service"
  datacenters = var.datacenters
  node_pool   = var.node_pool

  group "engine" {
    count = 1

    # Podvirt decides what becomes of an engine that ended: neither on its node nor elsewhere is it started again behind its back.
    restart {
      attempts = 0
      mode     = "fail"
    }

    reschedule {
      attempts  = 0
      unlimited = false
    }

    # A node that is cut off for a moment keeps its engines.
    disconnect {
      lost_after = "1m"
      replace    = false
    }

    # Large models take minutes to load. Podvirt asks the engine itself whether it is well.
    update {
      health_check      = "task_states"
      min_healthy_time  = "1s"
      healthy_deadline  = "30m"
      progress_deadline = "35m"
      auto_revert       = false
    }

    ephemeral_disk {
      size = 100
    }

    network {
      mode = "host"
      port "engine" {}
    }

    task "engine" {
      driver       = "docker"
      kill_signal  = "SIGTERM"
      kill_timeout = var.kill_timeout

      config {
        image        = var.image
        network_mode = "host"
        runtime      = "nvidia"

        # Tensor parallelism talks through shared memory.
        ipc_mode = "host"

        # Weights are downloaded once for a node.
        volumes = ["/var/lib/podvirt/weights:/weights"]
      }

      env {
        HF_HOME = "/weights"
      }

      logs {
        max_files     = 2
        max_file_size = 10
      }

      resources {
        cpu    = var.cpu
        memory = var.memory
      }
    }
  }
}
