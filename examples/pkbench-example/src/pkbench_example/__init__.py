"""Extensions of pkbench: a model, a data set, a kind of claim and an executor, each as small as it can be."""
